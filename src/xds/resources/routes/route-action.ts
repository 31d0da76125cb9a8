import type { CompiledChain } from '../../../mesh/discovery-chain/index.js';
import type { EnvoyMessages } from '../../envoy-api/index.js';
import type { ServiceRouteDestination } from '../../../model/config-entries/service-router.js';
import { clusterOf } from '../upstreams/chain-input.js';
import { durationOf } from '../config-sources.js';
import { withHeaderModifiers } from './header-modifiers.js';
import { hashPolicies } from '../clusters/load-balancing.js';
import { retryPolicy } from './retry-policy.js';

/** Weights of a split are hundredths of a per cent. */
const WEIGHT_SCALE = 100;

type RouteConfiguration = EnvoyMessages['envoy.config.route.v3.RouteConfiguration'];
type VirtualHost = NonNullable<RouteConfiguration['virtual_hosts']>[number];
export type EnvoyRoute = NonNullable<VirtualHost['routes']>[number];
type EnvoyRouteAction = NonNullable<EnvoyRoute['route']>;

interface ClusterAction {
  /** One cluster, or several by weight. */
  readonly cluster?: string;
  readonly weighted_clusters?: NonNullable<EnvoyRouteAction['weighted_clusters']>;
  readonly hash_policy: ReturnType<typeof hashPolicies>;
}

/** Where a node of a chain sends requests; undefined for a chain that is torn. */
export function clusterAction(chain: CompiledChain, nodeKey: string): ClusterAction | undefined {
  const node = chain.nodes[nodeKey];
  if (node === undefined || node.type === 'router') return undefined;
  if (node.type === 'resolver') {
    const cluster = clusterOf(chain, node);
    return cluster === undefined ? undefined : { cluster, hash_policy: hashPolicies(node.loadBalancer) };
  }
  const clusters = node.splits.flatMap((split) => {
    const name = clusterOf(chain, chain.nodes[split.nextNode]);
    if (name === undefined) return [];
    const { requestHeaders, responseHeaders } = split.definition;
    const weight = { value: Math.round(split.weight * WEIGHT_SCALE) };
    return [withHeaderModifiers({ name, weight }, requestHeaders, responseHeaders)];
  });
  return { weighted_clusters: { clusters }, hash_policy: hashPolicies(node.loadBalancer) };
}

/**
 * What a route does with requests: where they go, and rewrites, timeouts and retries of its destination (consul-behaviour 4.3);
 * negative timeouts switch off.
 */
export function routeAction(
  { cluster, weighted_clusters, hash_policy }: ClusterAction,
  destination: ServiceRouteDestination | undefined,
) {
  if (destination === undefined) return { cluster, weighted_clusters, hash_policy };
  const { prefixRewrite, requestTimeoutMs, idleTimeoutMs } = destination;
  return {
    cluster,
    weighted_clusters,
    prefix_rewrite: prefixRewrite || undefined,
    timeout: requestTimeoutMs === 0 ? undefined : durationOf(Math.max(requestTimeoutMs, 0)),
    retry_policy: retryPolicy(destination),
    hash_policy,
    idle_timeout: idleTimeoutMs === 0 ? undefined : durationOf(Math.max(idleTimeoutMs, 0)),
  };
}
