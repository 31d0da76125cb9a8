import { type Dispatched, dispatch } from './dispatch.js';
import type { HttpExchange } from './exchange.js';
import type { AgentDeps, HttpDeps } from './http-deps.js';
import type { RequestLimiter } from './request-limit/request-limiter.js';
import { ParkedCallers } from './parked-callers.js';
import { Readiness } from './readiness.js';
import { commonHeaders, compressed, GZIP_MINIMUM_BYTES, plainBody, rawHeaders } from './respond.js';
import type { RouteTable } from './route-table.js';
import { ServedRequest } from './served-request.js';

const PRETTY = /[?&]pretty(?:[=&]|$)/;
const ACCEPTS_GZIP = /(?:^|,)\s*gzip\s*(?:;\s*q=(?!0(?:\.0*)?\s*(?:,|$))[\d.]+\s*)?(?:,|$)/;

/** What requests are answered with. */
export interface Serving<Deps extends AgentDeps = HttpDeps> {
  readonly table: RouteTable<Deps>;
  readonly deps: Deps;
  readonly limiter: RequestLimiter;
  /** Aborted, with the error that the waiting are told, when the server closes. */
  readonly closing: AbortSignal;
}

/** What answers a request. It never throws. */
export function createAnswerer<Deps extends AgentDeps>(serving: Serving<Deps>): (exchange: HttpExchange) => void {
  const { table, deps, limiter } = serving;
  const parked = new ParkedCallers(serving.closing);
  const readiness = new Readiness(deps.knowledge);
  return (exchange) => {
    const failed = (thrown: unknown): void => {
      deps.logger.error({ err: thrown }, 'an answer could not be written');
      exchange.destroy();
    };
    try {
      const startedMs = deps.clock.now();
      const served = new ServedRequest(deps, parked, exchange);
      const dispatched = dispatch(table, served, readiness, limiter);
      if (dispatched instanceof Promise)
        dispatched.then((done) => finish(deps, exchange, served, startedMs, done)).catch(failed);
      else finish(deps, exchange, served, startedMs, dispatched)?.catch(failed);
    } catch (thrown) {
      failed(thrown);
    }
  };
}

/** Writes an answer; a promise when it has to be compressed first. */
function finish<Deps extends AgentDeps>(
  deps: Deps,
  exchange: HttpExchange,
  { method, target, config }: ServedRequest<Deps>,
  startedMs: number,
  { answer, route }: Dispatched,
): Promise<void> | undefined {
  const status = answer.status ?? 200;
  deps.metrics.observeRequest?.(method, route, status, deps.clock.now() - startedMs);
  if (answer.made !== undefined) {
    const { rawHeaders: made, body } = answer.made;
    if (Buffer.isBuffer(body)) exchange.send(status, [...made], body);
    else exchange.sendStream(status, made, body);
  } else if (answer.stream !== undefined) {
    const headers = { 'Content-Type': 'text/plain; charset=utf-8', ...commonHeaders(answer, config) };
    exchange.sendStream(status, Object.entries(headers).flat(), answer.stream);
  } else {
    const { type, body } = plainBody(answer, config.devMode, PRETTY.test(target));
    if (body.length >= GZIP_MINIMUM_BYTES && ACCEPTS_GZIP.test(exchange.header('accept-encoding')))
      return compressed(answer, body).then((bytes) =>
        exchange.send(status, rawHeaders({ answer, config, type, body: bytes, isGzip: true }), bytes),
      );
    exchange.send(status, rawHeaders({ answer, config, type, body, isGzip: false }), body);
  }
  return undefined;
}
