import { type Field, duration, flag, integer, list, named, object, optional, text } from '../wire/index.js';
import type { StringMap } from '../records/common.js';
import { ignoredFields, kindField, metaField, nameField } from './shared-fields.js';
import type { EntryKind } from './entry-kind.js';
import { jsonWebKeySetProblem } from './rules/json-web-key-set.js';
import { metaProblem } from './rules/meta.js';
import { headerTextProblem } from './rules/header-modifiers.js';
import { type Problem, listedProblems } from './rules/problems.js';
import type { EntryAccess, Requirement } from './rules/requirement.js';

/** Who issues tokens, and how a token of theirs is known (consul-behaviour 4.11). Intentions refer to it by name. */
export interface JwtProviderEntry {
  readonly kind: 'jwt-provider';
  readonly name: string;
  readonly jsonWebKeySet?: JsonWebKeySet;
  /** What a token's `iss` must be. */
  readonly issuer: string;
  /** One of them must be in a token's `aud`; none = any will do. */
  readonly audiences: readonly string[];
  /** Where in a request tokens are looked for; none = where Envoy looks by itself. */
  readonly locations: readonly JwtLocation[];
  readonly forwarding?: JwtForwarding;
  /** By how much clocks may differ when a token's times are checked. */
  readonly clockSkewSeconds: number;
  readonly cacheConfig?: { readonly size: number };
  readonly meta: StringMap;
}

/** The keys of an issuer: given here, or fetched by every Envoy that needs them. Exactly one of the two. */
export interface JsonWebKeySet {
  readonly local?: LocalKeySet;
  readonly remote?: RemoteKeySet;
}

/** Keys in base64, or the name of a file on the Envoy's host. Exactly one of the two. */
export interface LocalKeySet {
  readonly jwks: string;
  readonly filename: string;
}

export interface RemoteKeySet {
  readonly uri: string;
  /** 0 = the default. */
  readonly requestTimeoutMs: number;
  /** 0 = the default. */
  readonly cacheDurationMs: number;
  /** Fetched before the first token comes, and again before they are too old. */
  readonly fetchAsynchronously: boolean;
  readonly useSni: boolean;
  readonly retryPolicy?: KeyFetchRetries;
  readonly jwksCluster?: KeySetCluster;
}

export interface KeyFetchRetries {
  readonly numRetries: number;
  readonly retryPolicyBackOff?: { readonly baseIntervalMs: number; readonly maxIntervalMs: number };
}

/** How an Envoy finds and trusts the server that has the keys. */
export interface KeySetCluster {
  readonly discoveryType: string;
  readonly tlsCertificates?: KeySetTrust;
  /** 0 = the default. */
  readonly connectTimeoutMs: number;
}

/** Exactly one of the two. */
export interface KeySetTrust {
  readonly caCertificateProviderInstance?: { readonly instanceName: string; readonly certificateName: string };
  readonly trustedCa?: TrustedAuthority;
}

/** Exactly one is given; the bytes are in base64. */
export interface TrustedAuthority {
  readonly filename: string;
  readonly environmentVariable: string;
  readonly inlineString: string;
  readonly inlineBytes: string;
}

/** Exactly one of the three. */
export interface JwtLocation {
  readonly header?: { readonly name: string; readonly valuePrefix: string; readonly forward: boolean };
  readonly queryParam?: { readonly name: string };
  readonly cookie?: { readonly name: string };
}

/** The payload of a token that was verified is passed on in this header. */
export interface JwtForwarding {
  readonly headerName: string;
  readonly padForwardPayloadHeader: boolean;
}

const nanoseconds = duration({ shownAs: 'nanoseconds' });

const keySetClusterField = object<KeySetCluster>({
  discoveryType: text(),
  tlsCertificates: optional(
    object<KeySetTrust>({
      caCertificateProviderInstance: named(
        'CaCertificateProviderInstance',
        optional(
          object<NonNullable<KeySetTrust['caCertificateProviderInstance']>>({
            instanceName: text(),
            certificateName: text(),
          }),
        ),
      ),
      trustedCa: optional(
        object<TrustedAuthority>({
          filename: text(),
          environmentVariable: text(),
          inlineString: text(),
          inlineBytes: text(),
        }),
      ),
    }),
  ),
  connectTimeoutMs: nanoseconds,
});

const remoteField = object<RemoteKeySet>({
  uri: text(),
  requestTimeoutMs: integer(),
  cacheDurationMs: nanoseconds,
  fetchAsynchronously: flag(),
  useSni: flag(),
  retryPolicy: optional(
    object<KeyFetchRetries>({
      numRetries: integer(),
      retryPolicyBackOff: optional(
        object<NonNullable<KeyFetchRetries['retryPolicyBackOff']>>({
          baseIntervalMs: nanoseconds,
          maxIntervalMs: nanoseconds,
        }),
      ),
    }),
  ),
  jwksCluster: optional(keySetClusterField),
});

const locationField = object<JwtLocation>({
  header: optional(object<NonNullable<JwtLocation['header']>>({ name: text(), valuePrefix: text(), forward: flag() })),
  queryParam: optional(object<NonNullable<JwtLocation['queryParam']>>({ name: text() })),
  cookie: optional(object<NonNullable<JwtLocation['cookie']>>({ name: text() })),
});

const schema: Field<JwtProviderEntry> = object<JwtProviderEntry>(
  {
    kind: kindField('jwt-provider'),
    name: nameField,
    jsonWebKeySet: optional(
      object<JsonWebKeySet>({
        local: optional(object<LocalKeySet>({ jwks: text(), filename: text() })),
        remote: optional(remoteField),
      }),
    ),
    issuer: text(),
    audiences: list(text()),
    locations: list(locationField),
    forwarding: optional(object<JwtForwarding>({ headerName: text(), padForwardPayloadHeader: flag() })),
    clockSkewSeconds: integer(),
    cacheConfig: optional(object<NonNullable<JwtProviderEntry['cacheConfig']>>({ size: integer() })),
    meta: metaField,
  },
  { ignored: ignoredFields },
);

const DEFAULT_CLOCK_SKEW_SECONDS = 30;
const MAX_UINT32 = 4_294_967_295;

/** No tolerance given means half a minute. */
function normalize(entry: JwtProviderEntry): JwtProviderEntry {
  return entry.clockSkewSeconds === 0 ? { ...entry, clockSkewSeconds: DEFAULT_CLOCK_SKEW_SECONDS } : entry;
}

/** The first thing wrong with a normalised entry. */
function validate(entry: JwtProviderEntry): Problem {
  const { name, jsonWebKeySet, locations, forwarding, clockSkewSeconds, cacheConfig } = entry;
  if (name === '') return 'Name is required';
  return (
    jsonWebKeySetProblem(jsonWebKeySet) ??
    locationsProblem(locations) ??
    (forwarding && forwardingProblem(forwarding)) ??
    (clockSkewSeconds > MAX_UINT32 ? `ClockSkewSeconds must not be above ${MAX_UINT32}` : undefined) ??
    (cacheConfig && !isUint32(cacheConfig.size) ? `CacheConfig.Size must be between 0 and ${MAX_UINT32}` : undefined) ??
    metaProblem(entry.meta)
  );
}

/** All problems of the list together, behind the places where they are. */
function locationsProblem(locations: readonly JwtLocation[]): Problem {
  const problems = locations.map(locationProblem);
  const places = problems.flatMap((problem, position) => (problem === undefined ? [] : [`Locations[${position}]`]));
  const text = listedProblems(problems);
  return text && `${places.join(', ')}: ${text}`;
}

function locationProblem({ header, queryParam, cookie }: JwtLocation): Problem {
  if ([header, queryParam, cookie].filter((given) => given !== undefined).length !== 1)
    return 'must set exactly one of: JWT location header, query param or cookie';
  if (queryParam) return queryParam.name === '' ? 'JWT location query param name must be specified' : undefined;
  if (cookie) return cookie.name === '' ? 'JWT location cookie name must be specified' : undefined;
  if (header === undefined || header.name === '') return 'JWT location header name must be specified';
  return headerTextProblem('Header', header.name, header.valuePrefix);
}

function forwardingProblem({ headerName }: JwtForwarding): Problem {
  if (headerName === '') return 'Forwarding.HeaderName: Header name required for forwarding config';
  return headerTextProblem('Forwarding', headerName, '');
}

const isUint32 = (value: number): boolean => value >= 0 && value <= MAX_UINT32;

/** Reading is for operators of the mesh, and for all who may write a service: their intentions refer to providers. */
function requires(_entry: JwtProviderEntry, level: EntryAccess): readonly Requirement[] {
  return [{ resource: 'mesh', name: '', level, ...(level === 'read' ? { orWriteOfAnyService: true as const } : {}) }];
}

/** Names of the services this entry speaks of. */
function references(_entry: JwtProviderEntry): readonly string[] {
  return [];
}

export const jwtProvider: EntryKind<JwtProviderEntry> = { schema, normalize, validate, requires, references };
