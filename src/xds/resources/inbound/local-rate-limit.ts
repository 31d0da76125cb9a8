import type { RateLimit, RateLimits, RouteRateLimit } from '../../../model/index.js';
import { type PackedAny, packAny } from '../../envoy-api/index.js';
import type { EnvoyRoute } from '../routes/route-action.js';
import { fractionalPercent } from '../routes/percent.js';
import { pathMatch } from '../routes/route-match.js';
import type { NamedFilter } from '../http-connection-manager.js';

const RATE_LIMIT = 'envoy.filters.http.local_ratelimit';

/**
 * The filter that answers 429 once an instance's requests are used up; none without limits. It stands right behind the filters
 * that decide who may call: whoever is refused uses up nothing, and what is too much costs nothing behind it.
 */
export function rateLimitFilters(limits: RateLimits | undefined, protocol: string): readonly NamedFilter[] {
  if (limits === undefined) return [];
  const { instanceLevel } = limits;
  return [
    {
      name: RATE_LIMIT,
      typed_config: bucket(instanceLevel.requestsPerSecond > 0 ? instanceLevel : undefined, protocol),
    },
  ];
}

/** Routes to the application for the paths that have limits of their own, each like `route`. */
export function limitedRoutes(
  limits: RateLimits | undefined,
  protocol: string,
  route: NonNullable<EnvoyRoute['route']>,
): EnvoyRoute[] {
  return (limits?.instanceLevel.routes ?? []).map((limit: RouteRateLimit) => ({
    match: pathMatch(limit),
    route,
    typed_per_filter_config: { [RATE_LIMIT]: bucket(limit, protocol) },
  }));
}

/** A bucket that is filled every second; it is shared by all threads of the Envoy. Without a limit everything passes. */
function bucket(limit: RateLimit | undefined, protocol: string): PackedAny {
  const always = { default_value: fractionalPercent(undefined) };
  return packAny('envoy.extensions.filters.http.local_ratelimit.v3.LocalRateLimit', {
    stat_prefix: 'public_listener',
    ...(limit
      ? {
          token_bucket: {
            max_tokens: limit.requestsMaxBurst || limit.requestsPerSecond,
            tokens_per_fill: { value: limit.requestsPerSecond },
            fill_interval: { seconds: 1, nanos: 0 },
          },
          filter_enabled: always,
          filter_enforced: always,
          ...(protocol === 'grpc' ? { rate_limited_as_resource_exhausted: true } : {}),
        }
      : {}),
  });
}
