import { packAny } from '../../envoy-api/index.js';
import type { Builder } from '../builder.js';
import { baseClusterName, type ChainNodeInput, chainOf, failoverClusterName } from '../upstreams/chain-input.js';
import { durationOf } from '../config-sources.js';

/** The cluster over a resolver's failover targets, in order (consul-behaviour 6.4). */
export const aggregateCluster: Builder<ChainNodeInput & { readonly name: string }> = (view, input) => {
  const chain = chainOf(view, input.chain);
  const node = chain?.nodes[input.node];
  if (chain === undefined || node?.type !== 'resolver') return undefined;
  const primary = chain.targets[node.resolver.target];
  if (primary === undefined) return undefined;
  const name = baseClusterName(chain, primary);
  const count = 1 + (node.resolver.failover?.targets.length ?? 0);
  const members = Array.from({ length: count }, (_unused, position) => failoverClusterName(position, name));
  const any = packAny('envoy.config.cluster.v3.Cluster', {
    name,
    alt_stat_name: name,
    connect_timeout: durationOf(node.resolver.connectTimeoutMs),
    lb_policy: 'CLUSTER_PROVIDED',
    cluster_type: {
      name: 'envoy.clusters.aggregate',
      typed_config: packAny('envoy.extensions.clusters.aggregate.v3.ClusterConfig', { clusters: members }),
    },
  });
  return { name, any, references: members.map((member) => ({ type: 'cluster' as const, name: member })) };
};
