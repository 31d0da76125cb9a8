import {
  type Field,
  always,
  camelOnly,
  duration,
  flag,
  integer,
  list,
  map,
  nullable,
  object,
  text,
} from '../wire/index.js';
import type { StringMap } from '../records/common.js';
import type { EntryKind } from './entry-kind.js';
import { type ResourceReference, normalizeParents, parentsProblem, routeParentsField } from './resource-reference.js';
import { httpRuleProblem } from './rules/http-rule.js';
import { breaksLine } from './rules/header-modifiers.js';
import { LONGEST_HOSTNAME, quoted } from './rules/hostname.js';
import { metaProblem } from './rules/meta.js';
import { type Problem, firstProblem } from './rules/problems.js';
import { type EntryAccess, type Requirement, meshRight } from './rules/requirement.js';
import { kindField, metaField, nameField, statusFields } from './shared-fields.js';

/**
 * Which requests at HTTP listeners of API gateways go where (consul-behaviour 4.9). Null stands for what was never given, here and
 * in all parts, and is shown so.
 */
export interface HttpRouteEntry {
  readonly kind: 'http-route';
  readonly name: string;
  readonly parents: readonly ResourceReference[] | null;
  readonly rules: readonly HttpRouteRule[] | null;
  /** None = every host of the listener. */
  readonly hostnames: readonly string[] | null;
  readonly meta: StringMap;
}

export interface HttpRouteRule {
  readonly filters: HttpRouteFilters;
  readonly responseFilters: HttpRouteResponseFilters;
  /** Any of them; none = every request. */
  readonly matches: readonly HttpRouteMatch[] | null;
  readonly services: readonly HttpRouteService[] | null;
}

export interface HttpRouteFilters {
  readonly headers: readonly HttpHeaderFilter[] | null;
  /** The part of the path that matched is replaced by this one. */
  readonly urlRewrite: { readonly path: string } | null;
  readonly retryFilter: HttpRetryFilter | null;
  readonly timeoutFilter: HttpTimeoutFilter | null;
  /** Has no fields in this edition of the API. */
  readonly jwt: Readonly<Record<string, never>> | null;
}

export interface HttpRouteResponseFilters {
  readonly headers: readonly HttpHeaderFilter[] | null;
}

export interface HttpHeaderFilter {
  readonly add: StringMap | null;
  readonly remove: readonly string[] | null;
  readonly set: StringMap | null;
}

export interface HttpRetryFilter {
  readonly numRetries: number;
  readonly retryOn: readonly string[] | null;
  readonly retryOnStatusCodes: readonly number[] | null;
  readonly retryOnConnectFailure: boolean;
}

/** 0 = not given, negative = no limit. */
export interface HttpTimeoutFilter {
  readonly requestTimeoutMs: number;
  readonly idleTimeoutMs: number;
}

export interface HttpRouteMatch {
  readonly headers: readonly HttpNamedMatch[] | null;
  /** Upper case; '' = any. */
  readonly method: string;
  /** `exact`, `prefix` or `regex`. */
  readonly path: { readonly match: string; readonly value: string };
  readonly query: readonly HttpNamedMatch[] | null;
}

/** A header (`exact`, `prefix`, `suffix`, `present`, `regex`) or a parameter (`exact`, `present`, `regex`). */
export interface HttpNamedMatch {
  readonly match: string;
  readonly name: string;
  readonly value: string;
}

export interface HttpRouteService {
  readonly name: string;
  /** Its share among the weights of the rule; at least 1. */
  readonly weight: number;
  readonly filters: HttpRouteFilters;
  readonly responseFilters: HttpRouteResponseFilters;
}

const headersField = nullable(
  list(
    object<HttpHeaderFilter>({
      add: nullable(map(text())),
      remove: nullable(list(text())),
      set: nullable(map(text())),
    }),
  ),
);

const filtersField = object<HttpRouteFilters>({
  headers: headersField,
  urlRewrite: camelOnly(nullable(object<{ readonly path: string }>({ path: always(text()) }))),
  retryFilter: nullable(
    object<HttpRetryFilter>({
      numRetries: always(integer({ unsigned32: true })),
      retryOn: nullable(list(text())),
      retryOnStatusCodes: nullable(list(integer({ unsigned32: true }))),
      retryOnConnectFailure: always(flag()),
    }),
  ),
  timeoutFilter: nullable(
    object<HttpTimeoutFilter>({
      requestTimeoutMs: always(duration({ shownAs: 'nanoseconds' })),
      idleTimeoutMs: always(duration({ shownAs: 'nanoseconds' })),
    }),
  ),
  jwt: nullable(object<Readonly<Record<string, never>>>({})),
});

const responseFiltersField = object<HttpRouteResponseFilters>({ headers: headersField });

const namedMatchField = object<HttpNamedMatch>({
  match: always(text({ lowerCase: true })),
  name: always(text()),
  value: always(text()),
});

const matchField = object<HttpRouteMatch>({
  headers: nullable(list(namedMatchField)),
  method: always(text()),
  path: object<HttpRouteMatch['path']>({ match: always(text({ lowerCase: true })), value: always(text()) }),
  query: nullable(list(namedMatchField)),
});

const schema: Field<HttpRouteEntry> = object<HttpRouteEntry>(
  {
    kind: kindField('http-route'),
    name: nameField,
    parents: routeParentsField,
    rules: nullable(
      list(
        object<HttpRouteRule>({
          filters: filtersField,
          responseFilters: responseFiltersField,
          matches: nullable(list(matchField)),
          services: nullable(
            list(
              object<HttpRouteService>({
                name: always(text()),
                weight: always(integer()),
                filters: filtersField,
                responseFilters: responseFiltersField,
              }),
            ),
          ),
        }),
      ),
    ),
    hostnames: nullable(list(text())),
    meta: metaField,
  },
  { ignored: statusFields },
);

/** Parents with their kind, methods in upper case, matches without a path as those of every path, weights of at least 1. */
function normalize(entry: HttpRouteEntry): HttpRouteEntry {
  return {
    ...entry,
    parents: normalizeParents(entry.parents),
    rules: entry.rules && entry.rules.map(normalizeRule),
  };
}

function normalizeRule(rule: HttpRouteRule): HttpRouteRule {
  const { matches, services } = rule;
  return {
    ...rule,
    matches: matches && matches.map(normalizeMatch),
    services: services && services.map((service) => ({ ...service, weight: Math.max(1, service.weight) })),
  };
}

function normalizeMatch(match: HttpRouteMatch): HttpRouteMatch {
  const { path, method } = match;
  const everyPath = path.match === '' && path.value === '';
  return {
    ...match,
    method: method.toUpperCase(),
    path: everyPath ? { match: 'prefix', value: '/' } : { ...path, match: path.match === '' ? 'prefix' : path.match },
  };
}

/** The first thing wrong with a normalised entry. Whether it leads anywhere is shown by its conditions. */
function validate(entry: HttpRouteEntry): Problem {
  if (entry.name === '') return 'Name is required';
  return (
    firstProblem(entry.hostnames ?? [], hostnameProblem) ??
    parentsProblem(entry.parents) ??
    firstProblem(entry.rules ?? [], (rule, position) => httpRuleProblem(`Rule[${position}]`, rule)) ??
    metaProblem(entry.meta)
  );
}

/** Others than DNS names match no request, but do no harm. */
function hostnameProblem(hostname: string, position: number): Problem {
  const where = `Hostnames[${position}]: host ${quoted(hostname)}`;
  if (hostname === '') return `${where} must not be empty`;
  if (hostname.includes('*')) return `${where} must not be a wildcard`;
  if (hostname.length > LONGEST_HOSTNAME) return `Hostnames[${position}] is longer than ${LONGEST_HOSTNAME} characters`;
  return breaksLine(hostname) ? `${where} must not contain line breaks or NUL` : undefined;
}

function requires(_entry: HttpRouteEntry, access: EntryAccess): readonly Requirement[] {
  return [meshRight(access)];
}

/** Names of the services that requests go to. */
function references(entry: HttpRouteEntry): readonly string[] {
  const named = (entry.rules ?? []).flatMap(({ services }) => (services ?? []).map(({ name }) => name));
  return [...new Set(named)].filter((name) => name !== '').sort();
}

export const httpRoute: EntryKind<HttpRouteEntry> = { schema, normalize, validate, requires, references };
