import { AppError } from '../../core/index.js';
import { text } from './answers.js';
import { cleanPath } from './clean-path.js';
import { errorAnswer } from './error-answer.js';
import { checkGate, hasUnprintable } from './gate.js';
import { checkDatacenter } from './datacenter.js';
import type { AgentDeps } from './http-deps.js';
import { Query } from './query.js';
import type { RequestLimiter } from './request-limit/request-limiter.js';
import type { AgentRequest, ApiAnswer, RouteFacts } from './route.js';
import { type RouteTable, allowedMethods } from './route-table.js';
import type { Readiness } from './readiness.js';
import type { ServedRequest } from './served-request.js';

export interface Dispatched {
  readonly answer: ApiAnswer;
  /** The pattern that answered, for metrics; `none` when there was none. */
  readonly route: string;
}

const NOT_AN_ENDPOINT = 'Invalid URL path: not a recognized HTTP API endpoint\n';
const NOT_THE_API = "Invalid URL path: if attempting to use the HTTP API, ensure the path starts with '/v1/'\n";

/**
 * Finds the route of a request and runs it; in this turn, unless something has to be waited for. Never throws or rejects: what is
 * thrown becomes its error answer.
 */
export function dispatch<Deps extends AgentDeps>(
  table: RouteTable<Deps>,
  raw: ServedRequest<Deps>,
  readiness: Readiness,
  limiter?: RequestLimiter,
): Dispatched | Promise<Dispatched> {
  try {
    const found = resolve(table, raw);
    if (found !== undefined) return { answer: found, route: 'none' };
    checkScope(raw);
    if (!readiness.isReady)
      return readiness.wait().then(
        () => run(raw, limiter),
        (thrown: unknown) => failed(raw, thrown),
      );
    return run(raw, limiter);
  } catch (thrown) {
    return failed(raw, thrown);
  }
}

function run<Deps extends AgentDeps>(
  raw: ServedRequest<Deps>,
  limiter: RequestLimiter | undefined,
): Dispatched | Promise<Dispatched> {
  try {
    const { handle, path: route } = raw.route;
    const limited = limiter?.refusal(raw.method, raw.path, raw.config.requestLimits);
    if (limited !== undefined) return { answer: limited, route };
    const answer = handle(raw);
    if (!(answer instanceof Promise)) return { answer, route };
    return answer.then(
      (made) => ({ answer: made, route }),
      (thrown: unknown) => failed(raw, thrown),
    );
  } catch (thrown) {
    return failed(raw, thrown);
  }
}

interface FailedRequest extends Pick<AgentRequest, 'deps' | 'method' | 'target' | 'signal'> {
  readonly routeIfFound: RouteFacts | undefined;
}

/** What a read that failed knows about the state: nothing. */
const NO_INDEX = {
  'X-Consul-Index': '1',
  'X-Consul-KnownLeader': 'false',
  'X-Consul-LastContact': '0',
  'X-Consul-Query-Backend': 'blocking-query',
} as const;

function failed(raw: FailedRequest, thrown: unknown): Dispatched {
  const route = raw.routeIfFound;
  const answer = errorAnswer(causeOf(raw, thrown));
  if (answer.status === 500)
    raw.deps.logger.error(
      { err: thrown, method: raw.method, path: raw.target.split('?')[0] },
      'a request failed by a fault of ours',
    );
  return {
    answer: route?.errorsHaveIndex ? { ...answer, headers: NO_INDEX } : answer,
    route: route?.path ?? 'none',
  };
}

/** A read that was cut short because the server closes says so. */
function causeOf(raw: Pick<FailedRequest, 'signal'>, thrown: unknown): unknown {
  const wasCut = thrown instanceof AppError && thrown.code === 'cancelled';
  return wasCut && raw.signal.reason instanceof AppError ? raw.signal.reason : thrown;
}

/** Gives the request its route; the answer where there is none. */
function resolve<Deps extends AgentDeps>(table: RouteTable<Deps>, raw: ServedRequest<Deps>): ApiAnswer | undefined {
  const { config, method, target } = raw;
  const mark = target.indexOf('?');
  const rawPath = mark < 0 ? target : target.slice(0, mark);
  const rawQuery = mark < 0 ? '' : target.slice(mark + 1);
  const path = decodePath(rawPath);
  if (path === undefined) return text(400, '400 Bad Request');
  if (!config.disableUnprintableCharFilter && hasUnprintable(path)) return { status: 400 };
  const moved = movedTo(table, config.uiContentPath, rawPath, path);
  if (moved !== undefined) return redirect(method, moved.status, moved.path, rawQuery);
  checkGate(raw, path);
  const match = table.find(path);
  if (match === undefined) return notFound(path, config.uiContentPath);
  if (method === 'OPTIONS') return { headers: { Allow: allowedMethods(match) } };
  const route = match.methods.get(method);
  if (route === undefined) return text(405, `method ${method} not allowed`, { Allow: allowedMethods(match) });
  raw.found(route, path, match.rest, Query.of(rawQuery));
  return undefined;
}

function decodePath(path: string): string | undefined {
  try {
    return path.includes('%') ? decodeURIComponent(path) : path;
  } catch {
    return undefined;
  }
}

/** Paths that mean another one are redirected there, as Go's servers do. */
function movedTo<Deps extends AgentDeps>(
  table: RouteTable<Deps>,
  uiContentPath: string,
  rawPath: string,
  path: string,
): { readonly status: number; readonly path: string } | undefined {
  const cleaned = cleanPath(rawPath);
  if (cleaned !== rawPath) return { status: 307, path: cleaned };
  if (path === '/' && uiContentPath !== '') return { status: 301, path: uiContentPath };
  if (uiContentPath !== '' && `${path}/` === uiContentPath) return { status: 307, path: uiContentPath };
  return table.lacksSlash(path) ? { status: 307, path: `${rawPath}/` } : undefined;
}

function redirect(method: string, status: number, path: string, query: string): ApiAnswer {
  const location = query === '' ? path : `${path}?${query}`;
  const headers = { Location: location };
  if (method !== 'GET' && method !== 'HEAD') return { status, headers };
  const words = status === 301 ? 'Moved Permanently' : 'Temporary Redirect';
  return {
    status,
    headers: { ...headers, 'Content-Type': 'text/html; charset=utf-8' },
    text: `<a href="${escapeHtml(location)}">${words}</a>.\n\n`,
  };
}

function escapeHtml(value: string): string {
  return value.replace(/[&<>"']/g, (character) => `&#${character.charCodeAt(0)};`);
}

function notFound(path: string, uiContentPath: string): ApiAnswer {
  if (path === '/' && uiContentPath === '')
    return { text: 'Consul-compatible agent: the user interface is disabled. The API is below /v1/.\n' };
  return text(404, path.includes('/v1/') ? NOT_AN_ENDPOINT : NOT_THE_API);
}

/** One datacenter, no namespaces and no partitions: naming others is refused rather than ignored. */
function checkScope({ query, config, route }: AgentRequest): void {
  checkDatacenter(config, query.get('datacenter') || query.get('dc'));
  if (!route.ignoresNamespace && query.get('ns') !== '') refuseTenancy('ns', 'Namespaces');
  if (query.get('partition') !== '') refuseTenancy('partition', 'Partitions');
}

function refuseTenancy(parameter: string, what: string): never {
  throw new AppError(
    'invalidArgument',
    `Invalid query parameter: "${parameter}" - ${what} are a Consul Enterprise feature`,
  );
}
