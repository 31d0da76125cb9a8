import { type Field, duration, flag, integer, list, nullable, object, optional, text } from '../wire/index.js';
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

/** Exactly one of present, exact, prefix, suffix and regex is given. */
export interface ServiceRouteHeaderMatch {
  readonly name: string;
  readonly present: boolean;
  readonly exact: string;
  readonly prefix: string;
  readonly suffix: string;
  readonly regex: string;
  readonly invert: boolean;
}

/** Exactly one of present, exact and regex is given. */
export interface ServiceRouteQueryMatch {
  readonly name: string;
  readonly present: boolean;
  readonly exact: string;
  readonly regex: string;
}

export interface ServiceRouteDestination {
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
  readonly numRetries: number;
  readonly retryOnConnectFailure: boolean;
  readonly retryOn: readonly string[];
  readonly retryOnStatusCodes: readonly number[];
  readonly requestHeaders?: HeaderModifiers;
  readonly responseHeaders?: HeaderModifiers;
}

const httpMatchField = object<ServiceRouteHttpMatch>({
  pathExact: text(),
  pathPrefix: text(),
  pathRegex: text(),
  caseInsensitive: flag(),
  header: list(
    object<ServiceRouteHeaderMatch>({
      name: text(),
      present: flag(),
      exact: text(),
      prefix: text(),
      suffix: text(),
      regex: text(),
      invert: flag(),
    }),
  ),
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
      numRetries: integer({ unsigned32: true }),
      retryOnConnectFailure: flag(),
      retryOn: list(text()),
      retryOnStatusCodes: list(integer({ unsigned32: true })),
      requestHeaders: optional(headerModifiersField),
      responseHeaders: optional(headerModifiersField),
    }),
  ),
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

const RETRY_CONDITIONS: ReadonlySet<string> = new Set([
  '5xx',
  'cancelled',
  'connect-failure',
  'deadline-exceeded',
  'envoy-ratelimited',
  'gateway-error',
  'internal',
  'refused-stream',
  'reset',
  'resource-exhausted',
  'retriable-4xx',
  'unavailable',
]);

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
    firstProblem(entry.routes ?? [], (route, position) => routeProblem(`Route[${position}]`, route)) ??
    metaProblem(entry.meta)
  );
}

function requires(entry: ServiceRouterEntry, access: EntryAccess): readonly Requirement[] {
  return chainRights(entry.name, references(entry), access);
}

/** Names of the services this entry sends requests to. */
function references(entry: ServiceRouterEntry): readonly string[] {
  const named = (entry.routes ?? []).map((route) => route.destination?.service ?? '').filter((name) => name !== '');
  return [...new Set(named)].sort();
}

function routeProblem(where: string, { match, destination }: ServiceRoute): Problem {
  return (
    (match?.http && matchProblem(where, match.http)) ??
    (destination && destinationProblem(where, match?.http, destination))
  );
}

function matchProblem(where: string, match: ServiceRouteHttpMatch): Problem {
  return (
    pathProblem(where, match) ??
    firstProblem(match.header, ({ name, present, exact, prefix, suffix, regex }, position) =>
      namedMatchProblem(`${where} Header[${position}]`, name, {
        Present: present,
        Exact: exact,
        Prefix: prefix,
        Suffix: suffix,
        Regex: regex,
      }),
    ) ??
    firstProblem(match.queryParam, ({ name, present, exact, regex }, position) =>
      namedMatchProblem(`${where} QueryParam[${position}]`, name, { Present: present, Exact: exact, Regex: regex }),
    ) ??
    methodsProblem(where, match.methods)
  );
}

function destinationProblem(
  where: string,
  match: ServiceRouteHttpMatch | undefined,
  destination: ServiceRouteDestination,
): Problem {
  if (destination.prefixRewrite !== '') {
    if (!match?.pathExact && !match?.pathPrefix)
      return `${where} cannot make use of PrefixRewrite without configuring either PathExact or PathPrefix`;
    if (breaksLine(destination.prefixRewrite)) return `${where} PrefixRewrite must not contain line breaks or NUL`;
  }
  return (
    firstProblem(destination.retryOn, (condition) =>
      RETRY_CONDITIONS.has(condition) ? undefined : `${where} contains an invalid retry condition: "${condition}"`,
    ) ??
    headerModifiersProblem(`${where} RequestHeaders`, destination.requestHeaders) ??
    headerModifiersProblem(`${where} ResponseHeaders`, destination.responseHeaders)
  );
}

export const serviceRouter: EntryKind<ServiceRouterEntry> = { schema, normalize, validate, requires, references };
