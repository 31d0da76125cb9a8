import { isHeaderName } from '../../../core/index.js';
import type {
  HttpHeaderFilter,
  HttpNamedMatch,
  HttpRouteFilters,
  HttpRouteMatch,
  HttpRouteResponseFilters,
  HttpRouteRule,
} from '../http-route.js';
import { retriesProblem } from '../traffic/retries.js';
import { breaksLine, headerModifiersProblem } from './header-modifiers.js';
import { isMethod } from './http-match.js';
import { regexProblem } from './patterns.js';
import { type Problem, firstProblem } from './problems.js';
import { countProblem } from './range.js';

const PATH_MATCHES = ['exact', 'prefix', 'regex'];
const HEADER_MATCHES = ['present', 'exact', 'prefix', 'suffix', 'regex'];
const PARAMETER_MATCHES = ['present', 'exact', 'regex'];
/** The most that Envoy adds up to. */
const MOST_WEIGHT = 1_000_000;

/** The first thing wrong with a rule of an http-route; `where` is how Consul's texts call it (`Rule[0]`). */
export function httpRuleProblem(where: string, rule: HttpRouteRule): Problem {
  return (
    firstProblem(rule.matches ?? [], (match, position) => matchProblem(`${where}, Match[${position}]`, match)) ??
    filtersProblem(where, rule) ??
    firstProblem(rule.services ?? [], (service, position) => {
      const at = `${where}, Services[${position}]`;
      return countProblem(`${at}.Weight`, service.weight, 1, MOST_WEIGHT) ?? filtersProblem(at, service);
    })
  );
}

function matchProblem(where: string, { headers, method, path, query }: HttpRouteMatch): Problem {
  return (
    (method === '' || isMethod(method) ? undefined : `${where}, Method contains an invalid method "${method}"`) ??
    pathProblem(`${where}, Path`, path) ??
    firstProblem(headers ?? [], (header, position) => headerProblem(`${where}, Headers[${position}]`, header)) ??
    firstProblem(query ?? [], (parameter, position) =>
      namedProblem(`${where}, Query[${position}]`, parameter, PARAMETER_MATCHES),
    )
  );
}

function pathProblem(where: string, { match, value }: HttpRouteMatch['path']): Problem {
  if (!PATH_MATCHES.includes(match)) return `${where}, match type should be one of exact, prefix, or regex`;
  if (breaksLine(value)) return `${where}, Value must not contain line breaks or NUL`;
  if (match === 'regex') return value === '' ? `${where}, regex is required` : regexProblem(`${where}, Value`, value);
  return value.startsWith('/') ? undefined : `${where}, ${match} type match doesn't start with '/': "${value}"`;
}

function headerProblem(where: string, header: HttpNamedMatch): Problem {
  const problem = namedProblem(where, header, HEADER_MATCHES);
  if (problem !== undefined) return problem;
  return isHeaderName(header.name.replace(/^:/, ''))
    ? undefined
    : `${where}, Name ${JSON.stringify(header.name)} is an invalid header name`;
}

function namedProblem(where: string, { match, name, value }: HttpNamedMatch, known: readonly string[]): Problem {
  if (!known.includes(match))
    return `${where}, match type should be one of ${known.slice(0, -1).join(', ')}, or ${known.at(-1)}`;
  if (name === '') return `${where}, missing required Name field`;
  if (breaksLine(name) || breaksLine(value)) return `${where}, Name and Value must not contain line breaks or NUL`;
  if (match !== 'regex') return undefined;
  return value === '' ? `${where}, Value is required for a regex` : regexProblem(`${where}, Value`, value);
}

function filtersProblem(
  where: string,
  {
    filters,
    responseFilters,
  }: { readonly filters: HttpRouteFilters; readonly responseFilters: HttpRouteResponseFilters },
): Problem {
  return (
    headersProblem(`${where}, Filters.Headers`, filters.headers) ??
    headersProblem(`${where}, ResponseFilters.Headers`, responseFilters.headers) ??
    (breaksLine(filters.urlRewrite?.path ?? '')
      ? `${where}, Filters.URLRewrite.Path must not contain line breaks or NUL`
      : undefined) ??
    retryProblem(`${where}, Filters.RetryFilter`, filters)
  );
}

function headersProblem(where: string, filters: readonly HttpHeaderFilter[] | null): Problem {
  return firstProblem(filters ?? [], ({ add, set, remove }, position) =>
    headerModifiersProblem(`${where}[${position}]`, { add: add ?? {}, set: set ?? {}, remove: remove ?? [] }),
  );
}

function retryProblem(where: string, { retryFilter, timeoutFilter }: HttpRouteFilters): Problem {
  if (retryFilter === null) return undefined;
  return retriesProblem(where, where, {
    ...retryFilter,
    retryOn: retryFilter.retryOn ?? [],
    retryOnStatusCodes: retryFilter.retryOnStatusCodes ?? [],
    requestTimeoutMs: timeoutFilter?.requestTimeoutMs ?? 0,
  });
}
