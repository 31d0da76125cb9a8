import { entryOf } from '../../../mesh/discovery-chain/index.js';
import type { JwtProviderEntry, KeyFetchRetries, LocalKeySet, RemoteKeySet } from '../../../model/index.js';
import type { JwtProvider } from '../../envoy-api/generated/envoy/extensions/filters/http/jwt_authn/v3/JwtProvider.js';
import type { JwtRequirement } from '../../envoy-api/generated/envoy/extensions/filters/http/jwt_authn/v3/JwtRequirement.js';
import type { RemoteJwks } from '../../envoy-api/generated/envoy/extensions/filters/http/jwt_authn/v3/RemoteJwks.js';
import { packAny } from '../../envoy-api/index.js';
import type { Builder, BuiltResource } from '../builder.js';
import { durationOf } from '../config-sources.js';
import { JWT_FILTER, JWT_TYPE, jwksClusterName, payloadKey } from './jwt-filter.js';

const DEFAULT_REQUEST_TIMEOUT_MS = 5000;
const DEFAULT_CACHE_DURATION_MS = 300_000;
const DEFAULT_RETRY_INTERVAL_MS = 1000;

export interface JwtInput {
  readonly name: typeof JWT_FILTER;
  /** Whose tokens are verified, sorted; services that ask for the same share one resource. */
  readonly providers: readonly string[];
}

/**
 * What the filter verifies (consul-behaviour 6.7): every provider's token, if there is one. It never refuses: whether a token is
 * needed, and which, is for the RBAC filter behind it to say, which is told the payloads of good ones.
 */
export const jwtExtension: Builder<JwtInput> = (view, input) => {
  const entries = input.providers.flatMap((name) => entryOf(view, 'jwt-provider', name) ?? []);
  return verifying(Object.fromEntries(entries.map((entry) => [entry.name, toProvider(entry)])));
};

type Providers = Readonly<Record<string, JwtProvider>>;

/** The filter for some providers, and with those of another one besides. */
function verifying(providers: Providers): BuiltResource {
  const names = Object.keys(providers).sort();
  const config = {
    providers,
    rules: names.length === 0 ? [] : [{ match: { prefix: '/' }, requires: allOf(names.map(ifThereIsOne)) }],
  };
  return {
    name: JWT_FILTER,
    any: packAny('envoy.config.core.v3.TypedExtensionConfig', {
      name: JWT_FILTER,
      typed_config: packAny(JWT_TYPE, config),
    }),
    references: names
      .filter((name) => providers[name]?.remote_jwks)
      .map((name) => ({ type: 'cluster', name: jwksClusterName(name) })),
    entries: names.map((name) => `jwt-provider/${name}`),
    provides: names,
    parts: providers,
    unite: (others) => verifying({ ...(others as Providers), ...providers }),
  };
}

/** A missing or bad token is no reason to stop here. */
const ifThereIsOne = (provider_name: string): JwtRequirement => ({
  requires_any: { requirements: [{ provider_name }, { allow_missing_or_failed: {} }] },
});

function allOf(requirements: JwtRequirement[]): JwtRequirement {
  const [only] = requirements;
  return only !== undefined && requirements.length === 1 ? only : { requires_all: { requirements } };
}

function toProvider(entry: JwtProviderEntry): JwtProvider {
  const { name, jsonWebKeySet, forwarding, cacheConfig, clockSkewSeconds } = entry;
  return {
    issuer: entry.issuer,
    audiences: [...entry.audiences],
    payload_in_metadata: payloadKey(name),
    // Zero would be Envoy's default of a minute, and less than zero cannot be said.
    clock_skew_seconds: Math.max(clockSkewSeconds, 1),
    ...locationFields(entry),
    ...(jsonWebKeySet?.local ? { local_jwks: localKeys(jsonWebKeySet.local) } : {}),
    ...(jsonWebKeySet?.remote ? { remote_jwks: remoteKeys(name, jsonWebKeySet.remote) } : {}),
    ...(forwarding
      ? {
          forward_payload_header: forwarding.headerName,
          pad_forward_payload_header: forwarding.padForwardPayloadHeader,
        }
      : {}),
    ...(cacheConfig ? { jwt_cache_config: { jwt_cache_size: cacheConfig.size } } : {}),
  };
}

/** Where tokens are looked for. Envoy takes a good one out of its header unless some header's is to go on. */
function locationFields({ locations }: JwtProviderEntry): Partial<JwtProvider> {
  const headers = locations.flatMap(({ header }) => header ?? []);
  return {
    from_headers: headers.map(({ name, valuePrefix }) => ({ name, value_prefix: valuePrefix })),
    from_params: locations.flatMap(({ queryParam }) => queryParam?.name ?? []),
    from_cookies: locations.flatMap(({ cookie }) => cookie?.name ?? []),
    forward: headers.some(({ forward }) => forward),
  };
}

function localKeys({ jwks, filename }: LocalKeySet) {
  return filename === '' ? { inline_string: Buffer.from(jwks, 'base64').toString() } : { filename };
}

/** Fetched by Envoy. A listener never waits for keys: a request that needs them does. */
function remoteKeys(provider: string, remote: RemoteKeySet): RemoteJwks {
  const { uri, requestTimeoutMs, cacheDurationMs, fetchAsynchronously, retryPolicy } = remote;
  return {
    http_uri: {
      uri,
      cluster: jwksClusterName(provider),
      timeout: durationOf(requestTimeoutMs || DEFAULT_REQUEST_TIMEOUT_MS),
    },
    cache_duration: durationOf(cacheDurationMs || DEFAULT_CACHE_DURATION_MS),
    ...(fetchAsynchronously ? { async_fetch: { fast_listener: true } } : {}),
    ...(retryPolicy ? { retry_policy: retries(retryPolicy) } : {}),
  };
}

/** Envoy refuses a longest pause that is shorter than the first. */
function retries({
  numRetries,
  retryPolicyBackOff: backOff,
}: KeyFetchRetries): NonNullable<RemoteJwks['retry_policy']> {
  const first = backOff?.baseIntervalMs || DEFAULT_RETRY_INTERVAL_MS;
  const longest = backOff?.maxIntervalMs ?? 0;
  return {
    ...(numRetries >= 0 ? { num_retries: { value: numRetries } } : {}),
    ...(backOff
      ? {
          retry_back_off: {
            base_interval: durationOf(longest > 0 ? Math.min(first, longest) : first),
            ...(longest > 0 ? { max_interval: durationOf(longest) } : {}),
          },
        }
      : {}),
  };
}
