import type { HeaderMatch } from '../../../model/config-entries/index.js';
import type { ServiceRouteHttpMatch } from '../../../model/config-entries/service-router.js';

type QueryMatch = ServiceRouteHttpMatch['queryParam'][number];

/** What a route of a service-router matches; everything when nothing is said (consul-behaviour 4.3). */
export function routeMatch(match: ServiceRouteHttpMatch | undefined) {
  if (match === undefined) return { prefix: '/' };
  const headers = match.header.map(headerMatch);
  if (match.methods.length > 0) {
    headers.push({ name: ':method', string_match: { safe_regex: { regex: match.methods.join('|') } } });
  }
  return {
    ...pathMatch(match),
    ...(match.caseInsensitive ? { case_sensitive: { value: false } } : {}),
    ...(headers.length > 0 ? { headers } : {}),
    ...(match.queryParam.length > 0 ? { query_parameters: match.queryParam.map(queryMatch) } : {}),
  };
}

/** The path of a request; any when none is given. */
export function pathMatch({
  pathExact,
  pathPrefix,
  pathRegex,
}: Pick<ServiceRouteHttpMatch, 'pathExact' | 'pathPrefix' | 'pathRegex'>) {
  if (pathExact !== '') return { path: pathExact };
  if (pathPrefix !== '') return { prefix: pathPrefix };
  return pathRegex === '' ? { prefix: '/' } : { safe_regex: { regex: pathRegex } };
}

/** What a header must be like. */
export function headerMatch(header: HeaderMatch) {
  const invert = header.invert ? { invert_match: true } : {};
  if (header.present) return { name: header.name, present_match: true, ...invert };
  return { name: header.name, string_match: stringMatch(header), ...invert };
}

function stringMatch(match: {
  readonly exact: string;
  readonly regex: string;
  readonly prefix?: string;
  readonly suffix?: string;
}) {
  if (match.regex !== '') return { safe_regex: { regex: match.regex } };
  if (match.prefix) return { prefix: match.prefix };
  if (match.suffix) return { suffix: match.suffix };
  return { exact: match.exact };
}

function queryMatch(query: QueryMatch) {
  if (query.present) return { name: query.name, present_match: true };
  return { name: query.name, string_match: stringMatch(query) };
}
