import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { Socket } from 'node:net';
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { AppError } from '../../core/index.js';
import { limitConnections } from './connection-limit.js';
import type { HttpDeps, HttpServer } from './http-deps.js';
import { type HttpTls, openHttpDoor } from './http-door.js';
import { RequestLimiter } from './request-limit/request-limiter.js';
import type { Route } from './route.js';
import { RouteTable } from './route-table.js';
import { allRoutes } from './routes/index.js';
import { createRequestListener } from './serve-request.js';

const HEADERS_TIMEOUT_MS = 60_000;
const READING_TIMEOUT_MS = 60_000;
const CHECKING_INTERVAL_MS = 10_000;
const REQUEST_TIMEOUT_MS = 300_000;
const KEEP_ALIVE_MS = 72_000;
const BAD_REQUEST = '400 Bad Request';
const METHODS = ['GET', 'HEAD', 'PUT', 'POST', 'DELETE', 'PATCH', 'OPTIONS', 'TRACE'] as const;

export interface HttpServerOptions {
  /** Longest headers of a request; 0 or absent = Node's own limit. */
  readonly maxHeaderBytes?: number;
  /** How long a client may take to send its headers. */
  readonly headersTimeoutMs?: number;
  /** How long a client may leave the rest of an answer unread. */
  readonly readingTimeoutMs?: number;
}

/** What the doors of one server share. */
interface Shared {
  readonly listener: RequestListener;
  readonly deps: HttpDeps;
  /** Open connections by the address of the client, of all doors. */
  readonly connections: Map<string, number>;
}

/** The HTTP doors with all routes of this version. */
export function createHttpServer(deps: HttpDeps, options: HttpServerOptions = {}): HttpServer {
  const closing = new AbortController();
  const shared = share(deps, allRoutes, closing.signal, options.readingTimeoutMs);
  const apps: FastifyInstance[] = [];
  return {
    async listen(place) {
      const app = appOf(shared, options, place.tls);
      const door = await openHttpDoor(app, place);
      apps.push(app);
      return door;
    },
    async close() {
      closing.abort(new AppError('unavailable', 'the agent is shutting down; ask again when it is back'));
      await Promise.all(apps.splice(0).map((app) => app.close()));
    },
  };
}

/** The fastify instance behind a door, with given routes: for tests that inject requests. */
export function createApp(deps: HttpDeps, routes: readonly Route[], closing: AbortSignal): FastifyInstance {
  return appOf(share(deps, routes, closing), {}, undefined);
}

function share(
  deps: HttpDeps,
  routes: readonly Route[],
  closing: AbortSignal,
  readingTimeoutMs = READING_TIMEOUT_MS,
): Shared {
  const limiter = new RequestLimiter(deps);
  closing.addEventListener('abort', limiter.close, { once: true });
  const listener = createRequestListener({
    table: new RouteTable(routes),
    deps,
    limiter,
    closing,
    readingTimeoutMs,
  });
  return { listener, deps, connections: new Map() };
}

/**
 * Fastify owns the life of the server; requests go from node:http straight to our listener, since its reply alone costs more than
 * most of our answers, and it would write the names of headers in lower case.
 */
function appOf(
  { listener, deps, connections }: Shared,
  { maxHeaderBytes = 0, headersTimeoutMs = HEADERS_TIMEOUT_MS }: HttpServerOptions,
  tls: HttpTls | undefined,
): FastifyInstance {
  const timing = {
    headersTimeout: headersTimeoutMs,
    connectionsCheckingInterval: Math.min(CHECKING_INTERVAL_MS, headersTimeoutMs),
    requestTimeout: REQUEST_TIMEOUT_MS,
    keepAliveTimeout: KEEP_ALIVE_MS,
    ...(maxHeaderBytes > 0 ? { maxHeaderSize: maxHeaderBytes } : {}),
  };
  const app = Fastify({
    logger: false,
    forceCloseConnections: true,
    return503OnClosing: false,
    exposeHeadRoutes: false,
    routerOptions: { maxParamLength: 1_000_000, ignoreDuplicateSlashes: false, ignoreTrailingSlash: false },
    frameworkErrors: (_error, _request, reply) => refuseUrl(reply as unknown as FastifyReply),
    clientErrorHandler: (error, socket) => refuseGarbage(error, socket),
    serverFactory: () =>
      tls === undefined
        ? createServer(timing, listener)
        : (createTlsServer({ ...timing, ...tlsOptions(tls) }, listener) as unknown as Server),
  });
  limitConnections(app.server, connections, () => deps.config().maxConnectionsPerClient, tls === undefined);
  // Bodies are left unread, whatever their type: each handler reads its own, with its own limit.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', (_request, _payload, done) => done(null, undefined));
  const inject = (request: FastifyRequest, reply: FastifyReply): void => {
    reply.hijack();
    listener(request.raw, reply.raw);
  };
  app.route({ method: [...METHODS], url: '*', handler: inject });
  app.setNotFoundHandler(inject);
  return app;
}

const tlsOptions = (tls: HttpTls) => ({
  ...tls.context(),
  requestCert: tls.verifyClients,
  rejectUnauthorized: tls.verifyClients,
  handshakeTimeout: tls.handshakeTimeoutMs,
});

function refuseUrl(reply: FastifyReply): void {
  void reply.code(400).type('text/plain; charset=utf-8').send(BAD_REQUEST);
}

/** What is not HTTP is told so once and cut off. */
function refuseGarbage(error: { readonly code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const status =
    error.code === 'HPE_HEADER_OVERFLOW'
      ? '431 Request Header Fields Too Large'
      : error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
        ? '408 Request Timeout'
        : BAD_REQUEST;
  socket.end(
    `HTTP/1.1 ${status}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: ${status.length}\r\nConnection: close\r\n\r\n${status}`,
  );
}
