import { trustDomainOf } from '../../../mesh/discovery-chain/index.js';
import { targetSpiffeId } from '../../../mesh/proxy/index.js';
import type { Builder } from '../builder.js';
import {
  baseClusterName,
  type ChainTargetInput,
  type ClusterTuning,
  failoverClusterName,
  targetOf,
} from '../upstreams/chain-input.js';
import { meshCluster } from './mesh-cluster.js';

export type ServiceClusterInput = ChainTargetInput &
  ClusterTuning & {
    readonly name: string;
    /** `envoy_cluster_json` of the upstream, where it applies: it takes the generated cluster's place. */
    readonly clusterJson?: string;
  };

/** The cluster of one target: EDS over ADS, mutual TLS with exactly the target's SPIFFE id (consul-behaviour 6.4). */
export const serviceCluster: Builder<ServiceClusterInput> = (view, input) => {
  const found = targetOf(view, input);
  const trustDomain = trustDomainOf(view);
  if (found === undefined || trustDomain === '') return undefined;
  const { chain, node, target } = found;
  const primary = chain.targets[node.resolver.target] ?? target;
  const base = baseClusterName(chain, input.failover === undefined ? target : primary);
  const name = input.failover === undefined ? base : failoverClusterName(input.failover, base);
  return meshCluster(
    view,
    {
      sni: target.sni,
      spiffeIds: [targetSpiffeId(trustDomain, target)],
      protocol: chain.protocol,
      connectTimeoutMs: node.resolver.connectTimeoutMs,
      limits: input.limits,
      passiveHealthCheck: input.passiveHealthCheck,
      fetchTimeoutMs: input.fetchTimeoutMs,
      clusterJson: input.clusterJson,
      name,
    },
    node,
  );
};
