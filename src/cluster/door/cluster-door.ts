import {
  createServer as createHttpServer,
  type IncomingMessage,
  type Server as HttpServer,
  type ServerResponse,
} from 'node:http';
import type { Socket } from 'node:net';
import {
  createSecureContext,
  createServer as createTlsServer,
  type Server as TlsServer,
  type TLSSocket,
} from 'node:tls';
import { constants } from 'node:crypto';
import {
  Server as GrpcServer,
  ServerCredentials,
  type ServiceDefinition,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js';
import { AppError, type Clock } from '../../core/index.js';
import type { AgentIdentity } from '../credentials/index.js';
import { type ClusterTrust, contextOf } from '../trust.js';
import { raiseReceiveWindows } from '../../xds/server/grpc-internals.js';
import { type Call, callerOf, peerOfSocket } from './peer.js';
import { ConnectionCount } from './connection-count.js';
import { refuseHttp } from './refuse-http.js';

const BACKLOG = 4096;
/** One connection of an agent carries the streams of all its proxies. */
const MOST_STREAMS = 100_000;
const RECEIVE_WINDOW_BYTES = 1_048_576;
/** Of agents that have shown who they are, from one address: each waiting request over HTTP has a connection. */
const MOST_CERTIFIED = 10_000;
/** How long a connection without a certificate may stay: it is for one call of Join. */
const UNCERTIFIED_MS = 10_000;
const MOST_UNCERTIFIED = 200;
const GRPC_OPTIONS = {
  'grpc.max_receive_message_length': 8_388_608,
  'grpc.max_send_message_length': -1,
  'grpc.keepalive_time_ms': 60_000,
  'grpc.keepalive_timeout_ms': 20_000,
  'grpc.enable_channelz': 0,
};

export interface ClusterDoorParts {
  readonly trust: ClusterTrust;
  readonly clock: Clock;
  readonly handshakeTimeoutMs: number;
  /** Connections from one address that have shown no certificate (yet); 0 = no limit. */
  readonly maxConnectionsPerClient: () => number;
  /** From where others may come; absent = from anywhere. */
  readonly allows?: (address: string) => boolean;
  readonly logger: { debug(fields: object, message: string): void; error(fields: object, message: string): void };
}

/** Answers a request of an agent to the HTTP API. */
export type RelayedHttp = (request: IncomingMessage, response: ServerResponse, from: AgentIdentity) => void;

/** The one port by which agents and servers of a cluster reach each other. */
export interface ClusterDoor {
  /** Opens a port. Resolves with the real one when 0 was asked for. Throws AppError('portTaken' | 'unavailable'). */
  listen(host: string, port: number): Promise<{ readonly port: number }>;
  /** Adds a gRPC service. */
  add(service: ServiceDefinition, handlers: UntypedServiceImplementation): void;
  /** Requests of agents over HTTP go here from now on; until then they are told to wait. */
  serveHttp(handler: RelayedHttp): void;
  /** Throws AppError('permissionDenied') for a call from where nobody may come. */
  checkPlace(call: Pick<Call, 'getPeer'>): void;
  /** Who makes a call. Throws AppError('unauthenticated'), and as `checkPlace`. */
  callerOf(call: Call): AgentIdentity;
  close(): Promise<void>;
}

/** Creates the door; nothing is open until `listen`. */
export function createClusterDoor(parts: ClusterDoorParts): ClusterDoor {
  return new Door(parts);
}

class Door implements ClusterDoor {
  readonly #parts: ClusterDoorParts;
  readonly #grpc = new GrpcServer(GRPC_OPTIONS);
  readonly #injector = this.#grpc.createConnectionInjector(ServerCredentials.createInsecure());
  readonly #http: HttpServer;
  readonly #listeners: TlsServer[] = [];
  readonly #sockets = new Set<Socket>();
  readonly #admitted = new Set<TLSSocket>();
  readonly #strangers = new ConnectionCount();
  readonly #certified = new ConnectionCount();
  /** Why the connection's other end is nobody, by its address and port: for the words of a refusal only. */
  readonly #problems = new Map<string, string>();
  readonly #stopWatching: () => void;
  #uncertified = 0;
  #relay: RelayedHttp | undefined;

  constructor(parts: ClusterDoorParts) {
    this.#parts = parts;
    raiseReceiveWindows(this.#grpc, RECEIVE_WINDOW_BYTES, MOST_STREAMS);
    this.#http = createHttpServer({ keepAliveTimeout: 72_000 }, (request, response) => this.#answer(request, response));
    this.#http.on('clientError', (_error, socket) => socket.destroy());
    this.#stopWatching = parts.trust.credentials.onChange(() => {
      for (const listener of this.#listeners) listener.setSecureContext(contextOf(parts.trust));
      this.#endUntrusted();
    });
  }

  add(service: ServiceDefinition, handlers: UntypedServiceImplementation): void {
    this.#grpc.addService(service, handlers);
  }

  serveHttp(handler: RelayedHttp): void {
    this.#relay = handler;
  }

  checkPlace(call: Pick<Call, 'getPeer'>): void {
    const peer = call.getPeer();
    const problem = this.#placeProblem(peer.slice(0, Math.max(peer.lastIndexOf(':'), 0)));
    if (problem !== undefined) throw new AppError('permissionDenied', problem);
  }

  #placeProblem(address: string): string | undefined {
    if (this.#parts.allows?.(address) ?? true) return undefined;
    return `agents and servers at ${address} may not join here: it is in none of the networks of serf_lan_allowed_cidrs of this server`;
  }

  callerOf(call: Call): AgentIdentity {
    this.checkPlace(call);
    return callerOf(call, this.#parts.trust, this.#parts.clock.now(), this.#problems.get(call.getPeer()));
  }

  listen(host: string, port: number): Promise<{ readonly port: number }> {
    const { trust } = this.#parts;
    const listener = createTlsServer(
      {
        ...contextOf(trust),
        ALPNProtocols: ['h2', 'http/1.1'],
        requestCert: true,
        // Who joins has none yet; who shows a wrong one is told so.
        rejectUnauthorized: false,
        handshakeTimeout: this.#parts.handshakeTimeoutMs,
        // A resumed session would bring its certificate past the checks of a handshake.
        secureOptions: constants.SSL_OP_NO_TICKET,
        SNICallback: (name, done) => {
          const context = trust.contextFor?.(name);
          done(null, context && createSecureContext({ ...context, secureOptions: constants.SSL_OP_NO_TICKET }));
        },
      },
      (socket) => this.#admit(socket),
    );
    listener.on('connection', (socket: Socket) => this.#count(socket));
    listener.on('tlsClientError', (error, socket) => {
      const fields = { remoteAddress: socket.remoteAddress, reason: error.message };
      this.#parts.logger.debug(fields, 'TLS handshake at the cluster door failed');
      socket.destroy();
    });
    return new Promise((resolve, reject) => {
      listener.once('error', (error: NodeJS.ErrnoException) => reject(listenProblem(error, host, port)));
      listener.listen({ host, port, backlog: BACKLOG }, () => {
        listener.on('error', () => undefined);
        this.#listeners.push(listener);
        const bound = listener.address();
        resolve({ port: typeof bound === 'object' && bound !== null ? bound.port : port });
      });
    });
  }

  async close(): Promise<void> {
    this.#stopWatching();
    const closed = this.#listeners.map((listener) => new Promise<void>((resolve) => listener.close(() => resolve())));
    this.#injector.destroy();
    for (const socket of this.#sockets) socket.destroy();
    this.#grpc.forceShutdown();
    this.#http.close();
    await Promise.all(closed);
  }

  /** Counts connections from the first byte on, so that half-open handshakes count too. */
  #count(socket: Socket): void {
    this.#sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.once('close', () => this.#sockets.delete(socket));
    const most = this.#parts.maxConnectionsPerClient();
    const count = this.#strangers.add(socket);
    if (most > 0 && count > most) socket.destroy();
  }

  #admit(socket: TLSSocket): void {
    socket.on('error', () => socket.destroy());
    socket.setNoDelay(true);
    const peer = peerOfSocket(socket, this.#parts.trust, this.#parts.clock.now());
    if (typeof peer === 'string' ? !this.#admitUncertified(socket, peer) : !this.#admitCertified(socket)) return;
    if (socket.alpnProtocol === 'h2') this.#injector.injectConnection(socket);
    else this.#http.emit('connection', socket);
  }

  #admitCertified(socket: TLSSocket): boolean {
    this.#strangers.forget(socket);
    this.#admitted.add(socket);
    socket.once('close', () => this.#admitted.delete(socket));
    if (this.#certified.add(socket) <= MOST_CERTIFIED) return true;
    socket.destroy();
    return false;
  }

  /** Connections that were let in with a certificate of a key that has been removed. */
  #endUntrusted(): void {
    for (const socket of this.#admitted) {
      const certificate = socket.getPeerX509Certificate();
      if (certificate !== undefined && this.#parts.trust.identityOf(certificate) === undefined) socket.destroy();
    }
  }

  #admitUncertified(socket: TLSSocket, problem: string): boolean {
    if (this.#uncertified >= MOST_UNCERTIFIED) {
      socket.destroy();
      return false;
    }
    this.#uncertified += 1;
    const name = `${socket.remoteAddress ?? ''}:${socket.remotePort ?? ''}`;
    this.#problems.set(name, problem);
    const cancel = this.#parts.clock.after(UNCERTIFIED_MS, () => socket.destroy());
    socket.once('close', () => {
      cancel();
      this.#uncertified -= 1;
      this.#problems.delete(name);
    });
    return true;
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const peer = peerOfSocket(request.socket as TLSSocket, this.#parts.trust, this.#parts.clock.now());
    const misplaced = this.#placeProblem(request.socket.remoteAddress ?? '');
    if (misplaced !== undefined) return refuseHttp(response, 403, misplaced);
    if (typeof peer === 'string') return refuseHttp(response, 401, peer);
    if (this.#relay === undefined) return refuseHttp(response, 503, 'this server is not ready yet; ask again');
    this.#relay(request, response, peer);
  }
}

function listenProblem(error: NodeJS.ErrnoException, host: string, port: number): AppError {
  if (error.code === 'EADDRINUSE')
    return new AppError(
      'portTaken',
      `the address ${host}:${port} of the cluster door is in use by another process; stop it or choose another port`,
      { cause: error },
    );
  return new AppError('unavailable', `cannot listen on ${host}:${port} for the cluster: ${error.message}`, {
    cause: error,
  });
}
