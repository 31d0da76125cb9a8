import { chmodSync, chownSync, lstatSync, unlinkSync } from 'node:fs';
import type { Server } from 'node:http';
import type { Server as HttpsServer } from 'node:https';
import { createConnection } from 'node:net';
import type { SecureContextOptions } from 'node:tls';
import type { FastifyInstance } from 'fastify';
import { AppError } from '../../core/index.js';

/** Who may connect over TLS and how; read when the door opens, the secure context again whenever it changes. */
export interface HttpTls {
  readonly context: () => SecureContextOptions;
  /** Clients must show a certificate of the context's authorities. */
  readonly verifyClients: boolean;
  readonly handshakeTimeoutMs: number;
  readonly onChange: (listener: () => void) => () => void;
}

/** Where an HTTP door is. Numbers of users and groups, and the mode in octal digits, are of the socket file. */
export type HttpPlace = { readonly tls?: HttpTls } & (
  | { readonly host: string; readonly port: number }
  | { readonly path: string; readonly userId?: number; readonly groupId?: number; readonly mode?: string }
);

export interface OpenHttpDoor {
  readonly address: string;
  /** 0 for a socket file. */
  readonly port: number;
}

/** Opens the door of an app. AppError('portTaken' | 'unavailable' …) names the place. */
export async function openHttpDoor(app: FastifyInstance, place: HttpPlace): Promise<OpenHttpDoor> {
  followContext(app, place.tls);
  if ('path' in place) return openSocketFile(app, place);
  const { host, port } = place;
  const flag = place.tls === undefined ? '-http-port' : '-https-port';
  const what = place.tls === undefined ? 'HTTP' : 'HTTPS';
  try {
    await app.listen({ host, port });
  } catch (thrown) {
    const code = codeOf(thrown);
    if (code === 'EADDRINUSE')
      throw new AppError(
        'portTaken',
        `another process listens on ${host}:${port}, wanted for ${what}; stop it or choose another port with ${flag}`,
        { cause: thrown },
      );
    throw new AppError('unavailable', `cannot listen on ${host}:${port} for ${what}: ${code ?? 'it failed'}`, {
      cause: thrown,
    });
  }
  const at = app.server.address();
  return typeof at === 'object' && at !== null ? { address: at.address, port: at.port } : { address: host, port };
}

const codeOf = (thrown: unknown): string | undefined =>
  thrown instanceof Error && 'code' in thrown ? String(thrown.code) : undefined;

/** A newer certificate is used for new connections at once. */
function followContext(app: FastifyInstance, tls: HttpTls | undefined): void {
  if (tls === undefined) return;
  const server = app.server as Server | HttpsServer;
  const stop = tls.onChange(() => {
    if ('setSecureContext' in server) server.setSecureContext(tls.context());
  });
  server.once('close', stop);
}

/** A socket file that is left of a process that is gone is replaced; one that somebody listens on is not. */
async function openSocketFile(
  app: FastifyInstance,
  place: Extract<HttpPlace, { readonly path: string }>,
): Promise<OpenHttpDoor> {
  const { path, userId, groupId, mode } = place;
  try {
    if (lstatSync(path).isSocket()) {
      if (await isAnswered(path))
        throw new AppError('portTaken', `another process listens on unix://${path}; stop it or name another socket`);
      unlinkSync(path);
    }
  } catch (thrown) {
    if (codeOf(thrown) !== 'ENOENT') throw thrown;
  }
  await app.listen({ path });
  if (mode !== undefined) chmodSync(path, Number.parseInt(mode, 8));
  if (userId !== undefined || groupId !== undefined) chownSync(path, userId ?? -1, groupId ?? -1);
  return { address: `unix://${path}`, port: 0 };
}

function isAnswered(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createConnection({ path });
    const end = (answered: boolean) => (): void => {
      probe.destroy();
      resolve(answered);
    };
    probe.once('connect', end(true));
    probe.once('error', end(false));
  });
}
