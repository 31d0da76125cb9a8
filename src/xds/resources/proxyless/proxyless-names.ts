import type { CompiledChain } from '../../../mesh/discovery-chain/index.js';
import { type ChainTargetInput, baseClusterName, failoverClusterName } from '../upstreams/chain-input.js';

const PREFIX = 'proxyless~';

/** Name of the routes of a service for clients without a proxy. */
export const proxylessRouteName = (service: string): string => `${PREFIX}${service}`;

/** Name of a cluster, and of its endpoints, for clients without a proxy: the sidecars' cluster of that name is another one. */
export const proxylessClusterName = (service: string, cluster: string): string => `${PREFIX}${service}~${cluster}`;

/** The service that a name of ours belongs to. */
export function proxylessServiceOf(name: string): string | undefined {
  return name.startsWith(PREFIX) ? name.slice(PREFIX.length).split('~')[0] : undefined;
}

/** A cluster of a chain: one target of a resolver, or (`target` absent) all that a resolver fails over to. */
export type ChainCluster = Omit<ChainTargetInput, 'chain' | 'target'> & { readonly target?: string };

/** Every cluster that requests along a chain may reach, by the name it has for sidecars. */
export function clustersOf(chain: CompiledChain): ReadonlyMap<string, ChainCluster> {
  const clusters = new Map<string, ChainCluster>();
  for (const [node, resolver] of Object.entries(chain.nodes)) {
    const primary = resolver.type === 'resolver' ? chain.targets[resolver.resolver.target] : undefined;
    if (resolver.type !== 'resolver' || primary === undefined) continue;
    const base = baseClusterName(chain, primary);
    const others = resolver.resolver.failover?.targets ?? [];
    if (others.length === 0) clusters.set(base, { node, target: primary.id });
    else {
      clusters.set(base, { node });
      for (const [failover, target] of [primary.id, ...others].entries())
        clusters.set(failoverClusterName(failover, base), { node, target, failover });
    }
  }
  return clusters;
}
