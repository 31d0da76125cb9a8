import { sortedTexts } from '../../../core/index.js';
import { packAny } from '../../envoy-api/index.js';
import { type CompiledChain, entryOf } from '../../../mesh/discovery-chain/index.js';
import type { Builder } from '../builder.js';
import { baseClusterName, chainOf } from '../upstreams/chain-input.js';
import { chainRoutes } from './chain-routes.js';

/** The route configuration of an upstream whose chain is more than one cluster: one virtual host for every domain. */
export const routeConfiguration: Builder<{ readonly name: string; readonly chain: string }> = (
  view,
  { name, chain: key },
) => {
  const chain = chainOf(view, key);
  if (chain === undefined) return undefined;
  const validate = entryOf(view, 'mesh', 'mesh')?.validateClusters ?? false;
  const any = packAny('envoy.config.route.v3.RouteConfiguration', {
    name,
    virtual_hosts: [{ name, domains: ['*'], routes: chainRoutes(chain) }],
    ...(validate ? { validate_clusters: { value: true } } : {}),
  });
  return { name, any, leadsTo: chainClusters(chain), ...(validate ? { entries: ['mesh/mesh'] } : {}) };
};

/** Every cluster that a route of the chain can lead to. */
function chainClusters(chain: CompiledChain): readonly string[] {
  const names = Object.values(chain.nodes).flatMap((node) => {
    const target = node.type === 'resolver' ? chain.targets[node.resolver.target] : undefined;
    return target === undefined ? [] : [baseClusterName(chain, target)];
  });
  return sortedTexts(new Set(names));
}
