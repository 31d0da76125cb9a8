import { AppError } from '../../core/index.js';
import { text } from './answers.js';
import { cleanPath } from './clean-path.js';
import { errorAnswer } from './error-answer.js';
import { checkGate, hasUnprintable } from './gate.js';
import { checkDatacenter } from './datacenter.js';
import type { HttpConfig, HttpDeps } from './http-deps.js';
import { Query } from './query.js';
import type { RequestLimiter } from './request-limit/request-limiter.js';
import type { ApiAnswer, ApiRequest, Route } from './route.js';
import { type RouteTable, allowedMethods } from './route-table.js';

/** A request as it came from the wire. */
export interface RawRequest {
  readonly method: string;
  /** Path and query, as sent. */
  readonly target: string;
  readonly header: (name: string) => string;
  readonly remoteAddress: string;
  readonly signal: AbortSignal;
  readonly body: ApiRequest['body'];
  readonly stream: ApiRequest['stream'];
}

export interface Dispatched {
  readonly answer: ApiAnswer;
  /** The pattern that answered, for metrics; `none` when there was none. */
  readonly route: string;
}

const NOT_AN_ENDPOINT = 'Invalid URL path: not a recognized HTTP API endpoint\n';
const NOT_THE_API = "Invalid URL path: if attempting to use the HTTP API, ensure the path starts with '/v1/'\n";

/** Finds the route of a request and runs it. Never rejects: what is thrown becomes its error answer. */
export async function dispatch(
  table: RouteTable,
  deps: HttpDeps,
  config: HttpConfig,
  raw: RawRequest,
  limiter?: RequestLimiter,
): Promise<Dispatched> {
  let route: Route | undefined;
  try {
    const found = resolve(table, deps, config, raw);
    if ('answer' in found) return { answer: found.answer, route: 'none' };
    route = found.request.route;
    checkScope(found.request);
    await deps.store.ready;
    const limited = limiter?.refusal(raw.method, found.request.path);
    if (limited !== undefined) return { answer: limited, route: route.path };
    return { answer: await route.handle(found.request), route: route.path };
  } catch (thrown) {
    return { answer: failed(deps, raw, route, thrown), route: route?.path ?? 'none' };
  }
}

/** What a read that failed knows about the state: nothing. */
const NO_INDEX = {
  'X-Consul-Index': '1',
  'X-Consul-KnownLeader': 'false',
  'X-Consul-LastContact': '0',
  'X-Consul-Query-Backend': 'blocking-query',
} as const;

function failed(deps: HttpDeps, raw: RawRequest, route: Route | undefined, thrown: unknown): ApiAnswer {
  const answer = errorAnswer(causeOf(raw.signal, thrown));
  if (answer.status === 500)
    deps.logger.error(
      { err: thrown, method: raw.method, path: raw.target.split('?')[0] },
      'a request failed by a fault of ours',
    );
  return route?.errorsHaveIndex ? { ...answer, headers: NO_INDEX } : answer;
}

/** A read that was cut short because the server closes says so. */
function causeOf(signal: AbortSignal, thrown: unknown): unknown {
  const wasCut = thrown instanceof AppError && thrown.code === 'cancelled';
  return wasCut && signal.reason instanceof AppError ? signal.reason : thrown;
}

function resolve(
  table: RouteTable,
  deps: HttpDeps,
  config: HttpConfig,
  raw: RawRequest,
): { answer: ApiAnswer } | { request: ApiRequest } {
  const mark = raw.target.indexOf('?');
  const rawPath = mark < 0 ? raw.target : raw.target.slice(0, mark);
  const rawQuery = mark < 0 ? '' : raw.target.slice(mark + 1);
  const path = decodePath(rawPath);
  if (path === undefined) return { answer: text(400, '400 Bad Request') };
  if (!config.disableUnprintableCharFilter && hasUnprintable(path)) return { answer: { status: 400 } };
  const moved = movedTo(table, config.uiContentPath, rawPath, path);
  if (moved !== undefined) return { answer: redirect(raw.method, moved.status, moved.path, rawQuery) };
  checkGate(config, raw.method, path, raw.remoteAddress);
  const match = table.find(path);
  if (match === undefined) return { answer: notFound(path, config.uiContentPath) };
  if (raw.method === 'OPTIONS') return { answer: { headers: { Allow: allowedMethods(match) } } };
  const route = match.methods.get(raw.method);
  if (route === undefined)
    return { answer: text(405, `method ${raw.method} not allowed`, { Allow: allowedMethods(match) }) };
  const { method, header, remoteAddress, body, stream } = raw;
  const request: ApiRequest = {
    ...{ deps, config, route, method, path, rest: match.rest, query: new Query(rawQuery) },
    ...{ header, remoteAddress, body, stream },
    get signal() {
      return raw.signal;
    },
  };
  return { request };
}

function decodePath(path: string): string | undefined {
  try {
    return path.includes('%') ? decodeURIComponent(path) : path;
  } catch {
    return undefined;
  }
}

/** Paths that mean another one are redirected there, as Go's servers do. */
function movedTo(
  table: RouteTable,
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
function checkScope({ query, config, route }: ApiRequest): void {
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
