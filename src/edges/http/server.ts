import { createServer } from 'node:http';
import type { Socket } from 'node:net';
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { AppError } from '../../core/index.js';
import { limitConnections } from './connection-limit.js';
import type { HttpDeps, HttpServer } from './http-deps.js';
import { RequestLimiter } from './request-limit/request-limiter.js';
import type { Route } from './route.js';
import { RouteTable } from './route-table.js';
import { allRoutes } from './routes/index.js';
import { createRequestListener } from './serve-request.js';

const HEADERS_TIMEOUT_MS = 60_000;
const REQUEST_TIMEOUT_MS = 300_000;
const KEEP_ALIVE_MS = 72_000;
const BAD_REQUEST = '400 Bad Request';
const METHODS = ['GET', 'HEAD', 'PUT', 'POST', 'DELETE', 'PATCH', 'OPTIONS', 'TRACE'] as const;

/** The HTTP door with all routes of this version. */
export function createHttpServer(deps: HttpDeps): HttpServer {
  const closing = new AbortController();
  const app = createApp(deps, allRoutes, closing.signal);
  return {
    listen: ({ host, port }) => listen(app, host, port),
    async close() {
      closing.abort(new AppError('unavailable', 'the agent is shutting down; ask again when it is back'));
      await app.close();
    },
  };
}

/**
 * The fastify instance behind `createHttpServer`, with given routes: for tests that inject requests. Fastify owns the life of the
 * server; requests go from node:http straight to our listener, since its reply alone costs more than most of our answers, and it
 * would write the names of headers in lower case.
 */
export function createApp(deps: HttpDeps, routes: readonly Route[], closing: AbortSignal): FastifyInstance {
  const limiter = new RequestLimiter(deps);
  closing.addEventListener('abort', limiter.close, { once: true });
  const listener = createRequestListener({ table: new RouteTable(routes), deps, limiter, closing });
  const app = Fastify({
    logger: false,
    forceCloseConnections: true,
    return503OnClosing: false,
    exposeHeadRoutes: false,
    routerOptions: { maxParamLength: 1_000_000, ignoreDuplicateSlashes: false, ignoreTrailingSlash: false },
    frameworkErrors: (_error, _request, reply) => refuseUrl(reply as unknown as FastifyReply),
    clientErrorHandler: (error, socket) => refuseGarbage(error, socket),
    serverFactory: () =>
      createServer(
        { headersTimeout: HEADERS_TIMEOUT_MS, requestTimeout: REQUEST_TIMEOUT_MS, keepAliveTimeout: KEEP_ALIVE_MS },
        listener,
      ),
  });
  limitConnections(app.server, () => deps.config().maxConnectionsPerClient);
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

async function listen(app: FastifyInstance, host: string, port: number): Promise<{ address: string; port: number }> {
  try {
    await app.listen({ host, port });
  } catch (thrown) {
    const code = thrown instanceof Error && 'code' in thrown ? thrown.code : undefined;
    if (code === 'EADDRINUSE')
      throw new AppError(
        'portTaken',
        `another process listens on ${host}:${port}, wanted for HTTP; stop it or choose another port with -http-port`,
        { cause: thrown },
      );
    throw thrown;
  }
  const at = app.server.address();
  return typeof at === 'object' && at !== null ? { address: at.address, port: at.port } : { address: host, port };
}

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
