import { createServer, type RequestListener, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { Socket } from 'node:net';
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { AppError } from '../../core/index.js';
import { limitConnections } from './connection-limit.js';
import type { HttpExchange } from './exchange.js';
import type { AgentDeps, HttpDeps, HttpServer } from './http-deps.js';
import { type HttpTls, openHttpDoor } from './http-door.js';
import { NodeExchange } from './node-exchange.js';
import { QuickLane } from './quick-lane/index.js';
import { RequestLimiter } from './request-limit/request-limiter.js';
import type { AgentRequest, AgentRoute, ApiAnswer, Route } from './route.js';
import { RouteTable } from './route-table.js';
import { agentRoutes, allRoutes, serverRoutes } from './routes/index.js';
import { KEYRING_PATH } from './routes/keyring.js';
import { createAnswerer } from './serve-request.js';

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
  readonly answer: (exchange: HttpExchange) => void;
  readonly listener: RequestListener;
  readonly deps: AgentDeps;
  /** Open connections by the address of the client, of all doors. */
  readonly connections: Map<string, number>;
  readonly readingTimeoutMs: number;
}

/** The HTTP doors of a server, with all routes of this version. */
export const createHttpServer = (deps: HttpDeps, options: HttpServerOptions = {}): HttpServer =>
  serverOf(deps, allRoutes, options, true);

/**
 * Answers what client agents relay: everything but what is about an agent itself, and the keyring. What the configuration closes to clients of this
 * agent's own doors is the business of the relaying agent. Aborting `closing` answers parked requests.
 */
export function createRelayedListener(deps: HttpDeps, closing: AbortSignal): RequestListener {
  const none = { value: [] as const };
  const config = () =>
    Object.create(deps.config(), { blockEndpoints: none, allowWriteHttpFrom: none }) as ReturnType<typeof deps.config>;
  const routes = serverRoutes.map((route) => (route.path === KEYRING_PATH ? { ...route, handle: keepKeys } : route));
  return share({ ...deps, config }, routes, closing).listener;
}

/** Whoever has the cluster key is a server; who came in as a client agent is none. */
const keepKeys: Route['handle'] = () => {
  throw new AppError('permissionDenied', 'the keyring is for the HTTP API of a server: client agents are not shown it');
};

/** Answers a request for which the servers are to be asked. */
export type Relay = (request: AgentRequest) => Promise<ApiAnswer>;

/**
 * The HTTP doors of a client agent: what is about the agent it answers itself, all else goes to `relay`. Paths, methods and
 * parameters that no server would take are refused here, in the same words. `own` are routes that take the place of servers'.
 */
export function createAgentHttpServer(
  deps: AgentDeps,
  relay: Relay,
  own: readonly AgentRoute[] = [],
  options: HttpServerOptions = {},
): HttpServer {
  const isOwn = (route: Route): boolean =>
    own.some(({ method, path }) => method === route.method && path === route.path);
  const relayed = serverRoutes.filter((route) => !isOwn(route)).map((route) => ({ ...route, handle: relay }));
  return serverOf(deps, [...agentRoutes, ...own, ...relayed], options, false);
}

/** `isQuick`: all that the quick lane takes is answered whole, and here. */
function serverOf<Deps extends AgentDeps>(
  deps: Deps,
  routes: readonly Route<Deps>[],
  options: HttpServerOptions,
  isQuick: boolean,
): HttpServer {
  const closing = new AbortController();
  const shared = share(deps, routes, closing.signal, options.readingTimeoutMs);
  const apps: FastifyInstance[] = [];
  return {
    async listen(place) {
      const app = appOf(shared, options, place.tls);
      if (isQuick && place.tls === undefined) putLaneBefore(app, shared, options);
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

function share<Deps extends AgentDeps>(
  deps: Deps,
  routes: readonly Route<Deps>[],
  closing: AbortSignal,
  readingTimeoutMs = READING_TIMEOUT_MS,
): Shared {
  const limiter = new RequestLimiter(deps);
  closing.addEventListener('abort', limiter.close, { once: true });
  const answer = createAnswerer({ table: new RouteTable(routes), deps, limiter, closing });
  const listener: RequestListener = (request, response) =>
    answer(new NodeExchange(request, response, readingTimeoutMs));
  return { answer, listener, deps, connections: new Map(), readingTimeoutMs };
}

/** Connections go to the quick lane first; node:http gets those that are not for it. */
function putLaneBefore(
  app: FastifyInstance,
  { answer, deps, readingTimeoutMs }: Shared,
  { maxHeaderBytes = 0, headersTimeoutMs = HEADERS_TIMEOUT_MS }: HttpServerOptions,
): void {
  const { server } = app;
  const [ofNode] = server.listeners('connection') as ((socket: Socket) => void)[];
  if (ofNode === undefined) return;
  const lane = new QuickLane({
    answer,
    handOver: (socket) => ofNode.call(server, socket),
    refuseSilent: (socket) => refuseGarbage({ code: 'ERR_HTTP_REQUEST_TIMEOUT' }, socket),
    maxHeaderBytes,
    silenceMs: headersTimeoutMs,
    keepAliveMs: KEEP_ALIVE_MS,
    readingTimeoutMs,
    now: deps.clock.now,
  });
  server.off('connection', ofNode);
  server.on('connection', (socket: Socket) => {
    // Those above the limit have been refused.
    if (socket.writable) lane.take(socket);
  });
  app.addHook('preClose', (done) => {
    lane.close();
    done();
  });
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
  // Nobody is led anywhere through this port.
  app.server.on('connect', (_request, socket) => endWith(socket as Socket, '405 Method Not Allowed'));
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
  endWith(socket, status);
}

/** Says one status and closes the connection. */
function endWith(socket: Socket, status: string): void {
  socket.end(
    `HTTP/1.1 ${status}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: ${status.length}\r\nConnection: close\r\n\r\n${status}`,
  );
}
