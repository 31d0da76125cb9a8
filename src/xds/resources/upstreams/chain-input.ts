import type { MeshView, PassiveHealthCheck, UpstreamLimits } from '../../../model/index.js';
import {
  type ChainNode,
  type ChainTarget,
  type CompiledChain,
  type ResolverNode,
  discoveryChainCell,
} from '../../../mesh/discovery-chain/index.js';

/** A resolver of a chain, as cells name it: the chain's key and the node's key in it. */
export interface ChainNodeInput {
  readonly chain: string;
  readonly node: string;
}

/** One target of a resolver; `failover` is its place in the list (0 = the primary), absent when the resolver has no failover. */
export interface ChainTargetInput extends ChainNodeInput {
  readonly target: string;
  readonly failover?: number | undefined;
}

/** What an upstream's registration adds to the clusters of its chain. */
export interface ClusterTuning {
  readonly limits?: UpstreamLimits | undefined;
  readonly passiveHealthCheck?: PassiveHealthCheck | undefined;
  readonly fetchTimeoutMs?: number | undefined;
}

/** The compiled chain of a key; undefined when it does not compile, so that the last good resources stay. */
export function chainOf(view: MeshView, chain: string): CompiledChain | undefined {
  const result = view.cell(discoveryChainCell, chain);
  return result.ok ? result.chain : undefined;
}

/** The resolver and the target of an input, if the chain still has them. */
export function targetOf(
  view: MeshView,
  input: ChainTargetInput,
): { readonly chain: CompiledChain; readonly node: ResolverNode; readonly target: ChainTarget } | undefined {
  const chain = chainOf(view, input.chain);
  const node = chain?.nodes[input.node];
  const target = chain?.targets[input.target];
  return chain && node?.type === 'resolver' && target ? { chain, node, target } : undefined;
}

/**
 * Name of a target's cluster (consul-behaviour 6.1): the SNI, with the hash of a customised chain in front. The names of a peer's
 * services are its own to say; until it has, the target's id stands in.
 */
export function baseClusterName(chain: CompiledChain, target: ChainTarget): string {
  const name = target.name || target.id;
  return chain.customizationHash === '' ? name : `${chain.customizationHash}~${name}`;
}

/** Name of the cluster that a resolver's requests go to; undefined for what is no resolver. */
export function clusterOf(chain: CompiledChain, node: ChainNode | undefined): string | undefined {
  const target = node?.type === 'resolver' ? chain.targets[node.resolver.target] : undefined;
  return target && baseClusterName(chain, target);
}

/** Name of the cluster of one target in a list of failover targets, `base` being the primary's name. */
export const failoverClusterName = (position: number, base: string): string => `failover-target~${position}~${base}`;
