import type { IncomingMessage } from 'node:http';
import { Agent, request as sendRequest } from 'node:https';
import type { Socket } from 'node:net';
import { Readable } from 'node:stream';
import { checkServerIdentity } from 'node:tls';
import { AppError, parseHostPort } from '../../core/index.js';
import type { LinkRequest, LinkResponse, ServerPeer } from '../contract.js';
import type { ChannelTls } from '../wire/channel.js';

const CONNECT_MS = 3000;
/** A query that waits sends nothing: whether the other end is still there, the system asks after so long. */
const KEEP_ALIVE_MS = 5000;

/** Thrown where nothing of the request has reached the server: it may be sent to another. */
export class NotSent extends AppError {
  constructor(address: string, cause: NodeJS.ErrnoException) {
    super('unavailable', `the server at ${address} is not reached (${cause.code ?? cause.message})`, { cause });
  }
}

/** HTTP connections to one server's cluster door. */
export class HttpRelay {
  readonly #agent: Agent;
  readonly #server: ServerPeer;

  constructor(server: ServerPeer, { context, serverName, asks }: ChannelTls) {
    this.#server = server;
    this.#agent = new Agent({
      ...context,
      servername: asks,
      checkServerIdentity: (_, shown) => checkServerIdentity(serverName, shown),
      keepAlive: true,
      keepAliveMsecs: KEEP_ALIVE_MS,
      ALPNProtocols: ['http/1.1'],
    });
  }

  /** Throws NotSent, AppError('unavailable' | 'cancelled'). */
  send({ method, path, headers, body, signal }: LinkRequest): Promise<LinkResponse> {
    const { address } = this.#server;
    const at = parseHostPort(address);
    if (at === undefined) return Promise.reject(new AppError('unavailable', `"${address}" is not host:port`));
    return new Promise((resolve, reject) => {
      const sent = sendRequest({
        ...at,
        agent: this.#agent,
        method,
        path,
        headers: headers as Record<string, string | string[]>,
        ...(signal && { signal }),
      });
      let isConnected = false;
      const timer = setTimeout(
        () => sent.destroy(Object.assign(new Error('no connection'), { code: 'ETIMEDOUT' })),
        CONNECT_MS,
      );
      sent.once('socket', (socket) => {
        const connected = (): void => {
          socket.setKeepAlive(true, KEEP_ALIVE_MS);
          isConnected = true;
          clearTimeout(timer);
          // Not before: what is still unread can go to another server.
          if (body instanceof Readable) body.pipe(sent);
        };
        if (socket.connecting) socket.once('secureConnect', connected);
        else connected();
      });
      sent.once('response', (answer: IncomingMessage) =>
        resolve({
          status: answer.statusCode ?? 502,
          rawHeaders: answer.rawHeaders,
          body: answer,
          server: this.#server,
        }),
      );
      sent.on('error', (error: NodeJS.ErrnoException) => {
        clearTimeout(timer);
        if (signal?.aborted) reject(new AppError('cancelled', 'the request was ended'));
        // A kept connection that the server had closed meanwhile took nothing either, but nobody can tell.
        else if (!isConnected) reject(new NotSent(address, error));
        else reject(new AppError('unavailable', `the server at ${address} broke off (${error.code ?? error.message})`));
      });
      if (!(body instanceof Readable)) sent.end(body);
    });
  }

  /** Takes no more requests; those under way go on to their end. */
  retire(): void {
    this.#agent.on('free', (socket: Socket) => socket.destroy());
    for (const sockets of Object.values(this.#agent.freeSockets)) for (const socket of sockets ?? []) socket.destroy();
  }

  /** Ends everything that is under way. */
  close(): void {
    this.#agent.destroy();
  }
}
