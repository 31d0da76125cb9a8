import type { Socket } from 'node:net';
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { AppError } from '../../core/index.js';
import { DEFAULT_BODY_LIMIT_BYTES, readBody } from './body.js';
import { limitConnections } from './connection-limit.js';
import { dispatch } from './dispatch.js';
import type { HttpDeps, HttpServer } from './http-deps.js';
import { RequestLimiter } from './request-limit/request-limiter.js';
import { toWire } from './respond.js';
import type { ApiRequest, Route } from './route.js';
import { RouteTable } from './route-table.js';
import { allRoutes } from './routes/index.js';

const HEADERS_TIMEOUT_MS = 60_000;
const REQUEST_TIMEOUT_MS = 300_000;
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

/** The fastify instance behind `createHttpServer`, with given routes: for tests that inject requests. */
export function createApp(deps: HttpDeps, routes: readonly Route[], closing: AbortSignal): FastifyInstance {
  const table = new RouteTable(routes);
  const limiter = new RequestLimiter(deps);
  closing.addEventListener('abort', limiter.close, { once: true });
  const app = Fastify({
    logger: false,
    requestTimeout: REQUEST_TIMEOUT_MS,
    forceCloseConnections: true,
    return503OnClosing: false,
    exposeHeadRoutes: false,
    routerOptions: { maxParamLength: 1_000_000, ignoreDuplicateSlashes: false, ignoreTrailingSlash: false },
    frameworkErrors: (_error, _request, reply) => refuseUrl(reply as unknown as FastifyReply),
    clientErrorHandler: (error, socket) => refuseGarbage(error, socket),
  });
  app.server.headersTimeout = HEADERS_TIMEOUT_MS;
  limitConnections(app.server, () => deps.config().maxConnectionsPerClient);
  // Bodies are left unread, whatever their type: each handler reads its own, with its own limit.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', (_request, _payload, done) => done(null, undefined));
  const handle = (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> =>
    answer({ table, deps, limiter }, closing, request, reply);
  app.route({ method: [...METHODS], url: '*', handler: handle });
  app.setNotFoundHandler(handle);
  return app;
}

interface Answering {
  readonly table: RouteTable;
  readonly deps: HttpDeps;
  readonly limiter: RequestLimiter;
}

async function answer(
  { table, deps, limiter }: Answering,
  closing: AbortSignal,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const started = deps.clock.now();
  const gone = new AbortController();
  reply.raw.once('close', () => gone.abort());
  const target = request.raw.url ?? '/';
  const header = (name: string): string => {
    const value = request.headers[name];
    return Array.isArray(value) ? value.join(',') : (value ?? '');
  };
  const config = deps.config();
  const { answer: given, route } = await dispatch(
    table,
    deps,
    config,
    {
      method: request.method,
      target,
      header,
      remoteAddress: request.ip,
      signal: AbortSignal.any([gone.signal, closing]),
      body: bodyReader(request),
    },
    limiter,
  );
  const wire = await toWire(given, config, {
    pretty: /[?&]pretty(?:[=&]|$)/.test(target),
    acceptsGzip: /(?:^|,)\s*gzip\s*(?:;\s*q=(?!0(?:\.0*)?\s*(?:,|$))[\d.]+\s*)?(?:,|$)/.test(header('accept-encoding')),
  });
  deps.metrics.observeRequest?.(request.method, route, wire.status, deps.clock.now() - started);
  // What is left of a refused body is not read: the connection cannot be used again.
  if (!request.raw.complete && wire.status >= 400) reply.header('Connection', 'close');
  // Fastify would give an empty buffer a content type.
  return reply
    .code(wire.status)
    .headers(wire.headers)
    .send(wire.body.length === 0 ? undefined : wire.body);
}

function bodyReader(request: FastifyRequest): ApiRequest['body'] {
  return (limitBytes = DEFAULT_BODY_LIMIT_BYTES, refusal = `Request body too large, max size: ${limitBytes} bytes`) => {
    const announced = Number(request.headers['content-length'] ?? 0);
    return readBody(request.raw, announced, limitBytes, refusal);
  };
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
