import type { HeaderMatch } from '../../../model/config-entries/index.js';
import type { ServiceRouteHttpMatch } from '../../../model/config-entries/service-router.js';

type QueryMatch = ServiceRouteHttpMatch['queryParam'][number];

/** What a route of a service-router matches; everything when nothing is said (consul-behaviour 4.3). */
export function routeMatch(match: ServiceRouteHttpMatch | undefined) {
  if (match === undefined) return { prefix: '/' };
  const { prefix, path, safe_regex } = pathMatch(match);
  return {
    prefix,
    path,
    case_sensitive: match.caseInsensitive ? { value: false } : undefined,
    headers: headersMatch(match),
    query_parameters: match.queryParam.length > 0 ? match.queryParam.map(queryMatch) : undefined,
    safe_regex,
  };
}

function headersMatch({ header, methods }: ServiceRouteHttpMatch) {
  if (header.length === 0 && methods.length === 0) return undefined;
  const headers = header.map(headerMatch);
  if (methods.length > 0) headers.push({ name: ':method', string_match: { safe_regex: { regex: methods.join('|') } } });
  return headers;
}

interface PathMatch {
  readonly prefix?: string | undefined;
  readonly path?: string | undefined;
  readonly safe_regex?: { readonly regex: string } | undefined;
}

/** The path of a request; any when none is given. */
export function pathMatch({
  pathExact,
  pathPrefix,
  pathRegex,
}: Pick<ServiceRouteHttpMatch, 'pathExact' | 'pathPrefix' | 'pathRegex'>): PathMatch {
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
