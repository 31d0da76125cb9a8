import type { HashPolicy, LoadBalancer, RingHashConfig, SlowStart } from '../../../model/index.js';
import { durationOf } from '../config-sources.js';

/** Fields of a cluster that say how requests are spread (consul-behaviour 4.5); none for Envoy's default. */
export function loadBalancing(balancer: LoadBalancer | undefined) {
  switch (balancer?.policy) {
    case 'random':
      return { lb_policy: 'RANDOM' as const };
    case 'least_request': {
      const count = balancer.leastRequestConfig?.choiceCount ?? 0;
      const config = { ...(count > 0 ? { choice_count: { value: count } } : {}), ...slowStart(balancer.slowStart) };
      return {
        lb_policy: 'LEAST_REQUEST' as const,
        ...(Object.keys(config).length > 0 ? { least_request_lb_config: config } : {}),
      };
    }
    case 'ring_hash': {
      const ring = balancer.ringHashConfig && withinItself(balancer.ringHashConfig);
      return {
        lb_policy: 'RING_HASH' as const,
        ...(ring
          ? {
              ring_hash_lb_config: {
                ...(ring.minimumRingSize > 0 ? { minimum_ring_size: { value: ring.minimumRingSize } } : {}),
                ...(ring.maximumRingSize > 0 ? { maximum_ring_size: { value: ring.maximumRingSize } } : {}),
              },
            }
          : {}),
      };
    }
    case 'maglev':
      return { lb_policy: 'MAGLEV' as const };
    default:
      return balancer?.slowStart ? { round_robin_lb_config: slowStart(balancer.slowStart) } : {};
  }
}

/** Envoy's own minimum, which a maximum alone may fall below. */
const DEFAULT_MINIMUM_RING_SIZE = 1024;

function withinItself({ minimumRingSize, maximumRingSize }: RingHashConfig): RingHashConfig {
  const fallsBelow = minimumRingSize === 0 && maximumRingSize > 0 && maximumRingSize < DEFAULT_MINIMUM_RING_SIZE;
  return { minimumRingSize: fallsBelow ? maximumRingSize : minimumRingSize, maximumRingSize };
}

/** Envoy wants a name under which its operator could change the number. */
const AGGRESSION_KEY = 'upstream.slow_start.aggression';

function slowStart(settings: SlowStart | undefined) {
  if (settings === undefined) return {};
  const { windowMs, aggression, minWeightPercent } = settings;
  return {
    slow_start_config: {
      slow_start_window: durationOf(windowMs),
      ...(aggression === undefined ? {} : { aggression: { default_value: aggression, runtime_key: AGGRESSION_KEY } }),
      ...(minWeightPercent === undefined ? {} : { min_weight_percent: { value: minWeightPercent } }),
    },
  };
}

const isHashing = (balancer: LoadBalancer | undefined): balancer is LoadBalancer =>
  balancer?.policy === 'ring_hash' || balancer?.policy === 'maglev';

/** What requests are hashed by, for the route in front of hashing clusters; undefined = by nothing. */
export function hashPolicies(balancer: LoadBalancer | undefined) {
  if (!isHashing(balancer) || balancer.hashPolicies.length === 0) return undefined;
  return balancer.hashPolicies.map(hashPolicy);
}

function hashPolicy(policy: HashPolicy) {
  const terminal = policy.terminal ? { terminal: true } : {};
  if (policy.sourceIp) return { connection_properties: { source_ip: true }, ...terminal };
  switch (policy.field) {
    case 'header':
      return { header: { header_name: policy.fieldValue }, ...terminal };
    case 'query_parameter':
      return { query_parameter: { name: policy.fieldValue }, ...terminal };
    default:
      return { cookie: cookie(policy), ...terminal };
  }
}

function cookie({ fieldValue, cookieConfig }: HashPolicy) {
  if (cookieConfig === undefined) return { name: fieldValue };
  const { session, ttlMs, path } = cookieConfig;
  return {
    name: fieldValue,
    ...(session ? { ttl: durationOf(0) } : ttlMs > 0 ? { ttl: durationOf(ttlMs) } : {}),
    ...(path === '' ? {} : { path }),
  };
}
