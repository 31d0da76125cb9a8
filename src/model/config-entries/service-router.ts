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

export const schema: Field<ServiceRouterEntry> = object<ServiceRouterEntry>(
  {
    kind: kindField('service-router'),
    name: nameField,
    routes: nullable(list(serviceRouteField)),
    meta: metaField,
  },
  { ignored: ignoredFields },
);
