import type { CompiledChain } from '../../../mesh/discovery-chain/index.js';
import type { ServiceRouteDestination } from '../../../model/config-entries/service-router.js';
import { clusterOf } from '../upstreams/chain-input.js';
import { durationOf } from '../config-sources.js';
import { headerModifiers } from './header-modifiers.js';
import { hashPolicies } from '../clusters/load-balancing.js';
import { retryPolicy } from './retry-policy.js';

/** Weights of a split are hundredths of a per cent. */
const WEIGHT_SCALE = 100;

/** Where a node of a chain sends requests: one cluster, or several by weight. undefined for a chain that is torn. */
export function clusterAction(chain: CompiledChain, nodeKey: string) {
  const node = chain.nodes[nodeKey];
  if (node === undefined || node.type === 'router') return undefined;
  if (node.type === 'resolver') {
    const cluster = clusterOf(chain, node);
    return cluster === undefined ? undefined : { cluster, ...hashPolicies(node.loadBalancer) };
  }
  const clusters = node.splits.flatMap((split) => {
    const name = clusterOf(chain, chain.nodes[split.nextNode]);
    if (name === undefined) return [];
    return [
      {
        name,
        weight: { value: Math.round(split.weight * WEIGHT_SCALE) },
        ...headerModifiers(split.definition.requestHeaders, split.definition.responseHeaders),
      },
    ];
  });
  return { weighted_clusters: { clusters }, ...hashPolicies(node.loadBalancer) };
}

/** Rewrites, timeouts and retries of a route's destination (consul-behaviour 4.3); negative timeouts switch off. */
export function destinationAction(destination: ServiceRouteDestination | undefined) {
  if (destination === undefined) return {};
  const { prefixRewrite, requestTimeoutMs, idleTimeoutMs } = destination;
  return {
    ...(prefixRewrite === '' ? {} : { prefix_rewrite: prefixRewrite }),
    ...(requestTimeoutMs === 0 ? {} : { timeout: durationOf(Math.max(requestTimeoutMs, 0)) }),
    ...(idleTimeoutMs === 0 ? {} : { idle_timeout: durationOf(Math.max(idleTimeoutMs, 0)) }),
    ...retryPolicy(destination),
  };
}
