import { type Field, duration, flag, list, nullable, object, optional, text } from '../wire/index.js';
import type { StringMap } from '../records/common.js';
import {
  type HeaderModifiers,
  headerModifiersField,
  ignoredFields,
  kindField,
  metaField,
  nameField,
} from './shared-fields.js';
import type { EntryKind } from './entry-kind.js';
import { breaksLine, headerModifiersProblem } from './rules/header-modifiers.js';
import { methodsProblem, namedMatchProblem, pathProblem } from './rules/http-match.js';
import { metaProblem } from './rules/meta.js';
import { type Problem, firstProblem } from './rules/problems.js';
import { type EntryAccess, type Requirement, chainRights } from './rules/requirement.js';
import {
  type Cors,
  type DirectResponse,
  type Fault,
  type HeaderMatch,
  type RequestMirror,
  type RetrySettings,
  corsField,
  corsProblem,
  directResponseField,
  directResponseProblem,
  faultField,
  faultProblem,
  headerMatchField,
  headerMatchesProblem,
  requestMirrorField,
  requestMirrorsProblem,
  retriesProblem,
  retryFields,
} from './traffic/index.js';

/** Which requests to a service go where (consul-behaviour 4.3); the first route that matches counts. */
export interface ServiceRouterEntry {
  readonly kind: 'service-router';
  readonly name: string;
  /** Null when never given; shown as such. */
  readonly routes: readonly ServiceRoute[] | null;
  readonly meta: StringMap;
}

export interface ServiceRoute {
  /** Absent = every request. */
  readonly match?: ServiceRouteMatch;
  readonly destination?: ServiceRouteDestination;
  /** Instead of a destination: the caller's proxy answers. */
  readonly directResponse?: DirectResponse;
}

export interface ServiceRouteMatch {
  readonly http?: ServiceRouteHttpMatch;
}

/** At most one of the paths is given; none = every path. */
export interface ServiceRouteHttpMatch {
  readonly pathExact: string;
  readonly pathPrefix: string;
  readonly pathRegex: string;
  readonly caseInsensitive: boolean;
  readonly header: readonly ServiceRouteHeaderMatch[];
  readonly queryParam: readonly ServiceRouteQueryMatch[];
  /** Upper case. */
  readonly methods: readonly string[];
}

export type ServiceRouteHeaderMatch = HeaderMatch;

/** Exactly one of present, exact and regex is given. */
export interface ServiceRouteQueryMatch {
  readonly name: string;
  readonly present: boolean;
  readonly exact: string;
  readonly regex: string;
}

export interface ServiceRouteDestination extends RetrySettings {
  /** Empty = the service the router belongs to. */
  readonly service: string;
  readonly serviceSubset: string;
  readonly namespace: string;
  readonly partition: string;
  readonly prefixRewrite: string;
  /** 0 = not given, negative = no timeout. */
  readonly requestTimeoutMs: number;
  /** 0 = not given, negative = no timeout. */
  readonly idleTimeoutMs: number;
  readonly requestHeaders?: HeaderModifiers;
  readonly responseHeaders?: HeaderModifiers;
  readonly requestMirrors?: readonly RequestMirror[];
  readonly fault?: Fault;
  readonly cors?: Cors;
}

const httpMatchField = object<ServiceRouteHttpMatch>({
  pathExact: text(),
  pathPrefix: text(),
  pathRegex: text(),
  caseInsensitive: flag(),
  header: list(headerMatchField),
  queryParam: list(object<ServiceRouteQueryMatch>({ name: text(), present: flag(), exact: text(), regex: text() })),
  methods: list(text()),
});

export const serviceRouteField: Field<ServiceRoute> = object<ServiceRoute>({
  match: optional(object<ServiceRouteMatch>({ http: optional(httpMatchField) })),
  destination: optional(
    object<ServiceRouteDestination>({
      service: text(),
      serviceSubset: text(),
      namespace: text(),
      partition: text(),
      prefixRewrite: text(),
      requestTimeoutMs: duration(),
      idleTimeoutMs: duration(),
      ...retryFields,
      requestHeaders: optional(headerModifiersField),
      responseHeaders: optional(headerModifiersField),
      requestMirrors: optional(list(requestMirrorField)),
      fault: optional(faultField),
      cors: optional(corsField),
    }),
  ),
  directResponse: optional(directResponseField),
});

const schema: Field<ServiceRouterEntry> = object<ServiceRouterEntry>(
  {
    kind: kindField('service-router'),
    name: nameField,
    routes: nullable(list(serviceRouteField)),
    meta: metaField,
  },
  { ignored: ignoredFields },
);

/** Envoy takes no longer names of parameters. */
const LONGEST_PARAMETER_BYTES = 1024;

/** Methods in upper case. */
function normalize(entry: ServiceRouterEntry): ServiceRouterEntry {
  return entry.routes === null ? entry : { ...entry, routes: entry.routes.map(normalizeRoute) };
}

function normalizeRoute(route: ServiceRoute): ServiceRoute {
  const http = route.match?.http;
  if (http === undefined) return route;
  return { ...route, match: { http: { ...http, methods: http.methods.map((method) => method.toUpperCase()) } } };
}

/** The first thing wrong with a normalised entry. */
function validate(entry: ServiceRouterEntry): Problem {
  if (entry.name === '') return 'Name is required';
  return (
    firstProblem(entry.routes ?? [], (route, position) =>
      routeProblem(`Route[${position}]`, `Routes[${position}]`, route),
    ) ?? metaProblem(entry.meta)
  );
}

function requires(entry: ServiceRouterEntry, access: EntryAccess): readonly Requirement[] {
  return chainRights(entry.name, references(entry), access);
}

/** Names of the services this entry sends requests to. */
function references(entry: ServiceRouterEntry): readonly string[] {
  const named = (entry.routes ?? [])
    .flatMap(({ destination }) => [destination, ...(destination?.requestMirrors ?? [])])
    .map((target) => target?.service ?? '')
    .filter((name) => name !== '');
  return [...new Set(named)].sort();
}

/** `where` is how Consul's texts call the route, `path` where it stands in the entry. */
function routeProblem(where: string, path: string, { match, destination, directResponse }: ServiceRoute): Problem {
  return (
    (match?.http && matchProblem(where, match.http)) ??
    (destination && directResponse ? `${path} must not have both Destination and DirectResponse` : undefined) ??
    (destination && destinationProblem(where, `${path}.Destination`, match?.http, destination)) ??
    directResponseProblem(`${path}.DirectResponse`, directResponse)
  );
}

function matchProblem(where: string, match: ServiceRouteHttpMatch): Problem {
  return (
    pathProblem(where, match) ??
    headerMatchesProblem(`${where} Header`, match.header) ??
    firstProblem(match.queryParam, (parameter, position) =>
      queryProblem(`${where} QueryParam[${position}]`, parameter),
    ) ??
    methodsProblem(where, match.methods)
  );
}

function queryProblem(where: string, { name, present, exact, regex }: ServiceRouteQueryMatch): Problem {
  if (Buffer.byteLength(name) > LONGEST_PARAMETER_BYTES)
    return `${where} Name is longer than ${LONGEST_PARAMETER_BYTES} bytes`;
  return namedMatchProblem(where, name, { Present: present, Exact: exact, Regex: regex });
}

function destinationProblem(
  where: string,
  path: string,
  match: ServiceRouteHttpMatch | undefined,
  destination: ServiceRouteDestination,
): Problem {
  if (destination.prefixRewrite !== '') {
    if (!match?.pathExact && !match?.pathPrefix)
      return `${where} cannot make use of PrefixRewrite without configuring either PathExact or PathPrefix`;
    if (breaksLine(destination.prefixRewrite)) return `${where} PrefixRewrite must not contain line breaks or NUL`;
  }
  return (
    retriesProblem(where, path, destination) ??
    headerModifiersProblem(`${where} RequestHeaders`, destination.requestHeaders) ??
    headerModifiersProblem(`${where} ResponseHeaders`, destination.responseHeaders) ??
    requestMirrorsProblem(`${path}.RequestMirrors`, destination.requestMirrors ?? []) ??
    faultProblem(`${path}.Fault`, destination.fault) ??
    corsProblem(`${path}.Cors`, destination.cors)
  );
}

export const serviceRouter: EntryKind<ServiceRouterEntry> = { schema, normalize, validate, requires, references };
