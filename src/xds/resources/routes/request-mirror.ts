import type { CompiledChain, RouterRoute } from '../../../mesh/discovery-chain/index.js';
import { clusterOf } from '../upstreams/chain-input.js';
import { fractionalPercent } from './percent.js';

/** The clusters that get copies of a route's requests; undefined when there are none. */
export function requestMirrors(chain: CompiledChain, { definition, mirrorNodes = [] }: RouterRoute) {
  if (mirrorNodes.length === 0) return undefined;
  const mirrors = definition.destination?.requestMirrors ?? [];
  const policies = mirrorNodes.flatMap((key, position) => {
    const cluster = clusterOf(chain, chain.nodes[key]);
    const percent = mirrors[position]?.percent;
    if (cluster === undefined) return [];
    return [
      {
        cluster,
        ...(percent === undefined ? {} : { runtime_fraction: { default_value: fractionalPercent(percent) } }),
      },
    ];
  });
  return policies.length === 0 ? undefined : policies;
}
