import { AppError, jsonKeyInput } from '../../../core/index.js';
import type { Cell } from '../../../model/index.js';
import type { CompiledChain } from '../../../mesh/discovery-chain/index.js';
import {
  type ChainTargetInput,
  type ClusterTuning,
  baseClusterName,
  chainOf,
  failoverClusterName,
} from './chain-input.js';
import { endpointsInput } from '../clusters/endpoints.js';
import { parseEscapeHatch } from '../escape-hatch.js';
import { changesCallers, type ExtensionPlace } from '../extensions/index.js';
import { ignoredEscapes } from '../ignored-escapes.js';
import { type NeededResource, needed } from '../resource-cell.js';
import { clusterAction } from '../routes/route-action.js';
import { usesRouteDiscovery } from './upstream-filter.js';
import type { UpstreamListenerInput } from './upstream-listener.js';
import { type UpstreamNeedsInput, upstreamChainCell } from './upstream-chain.js';
import { type UpstreamNeeds, clusterTuning, outboundListenerInput } from './upstream-needs-input.js';

/**
 * The resources of one upstream, shared by all proxies that call it the same way. Only names and keys: a change of weights or
 * endpoints leaves it equal and stops the wave here. Key: `upstreamNeedsKey`. Throws for a chain that does not compile.
 */
export const upstreamNeedsCell: Cell<UpstreamNeeds> = {
  kind: 'upstream-needs',
  compute(view, key) {
    const input = jsonKeyInput<UpstreamNeedsInput>(key);
    const { upstream } = input;
    const { filter, destinations, problems } = view.cell(upstreamChainCell, key);
    const { chain: chainId } = filter;
    const chain = chainOf(view, chainId);
    if (chain === undefined) throw new AppError('internal', `the chain of upstream ${upstream.id} is gone`);
    const listener = listenerOf(chain, chainId, input);
    const places = placesOf(chain);
    const action = clusterAction(chain, chain.startNode);
    const resources = clusterNeeds(chain, chainId, input, places);
    if (!input.transparent) resources.push(needed('upstream-listener', listener, places.listener));
    if (usesRouteDiscovery(chain)) resources.push(needed('route', { chain: chainId, name: upstream.id }, places.route));
    return {
      resources,
      ...(input.transparent ? {} : { listener: { builder: 'upstream-listener', input: listener } }),
      ...(action?.cluster !== undefined ? { cluster: { name: action.cluster, protocol: chain.protocol } } : {}),
      ...(chain.envoyExtensions.some(changesCallers) ? { extended: true as const } : {}),
      destinations,
      problems: [...problems, ...peerProblems(upstream.id, chain), ...ignoredEscapes(view, input, chain)],
    };
  },
};

function peerProblems(upstream: string, { targets }: CompiledChain): string[] {
  const peers = new Set(Object.values(targets).flatMap(({ peer }) => (peer === '' ? [] : [peer])));
  return [...peers].map(
    (peer) => `upstream ${upstream}: it leads to peer "${peer}", whose services this version does not reach`,
  );
}

/** Where the resources of a chain stand. */
type Places = Readonly<Record<ExtensionPlace['resource'], ExtensionPlace>>;

function placesOf(chain: CompiledChain): Places {
  const { serviceName: service, protocol } = chain;
  const direction = 'outbound';
  return {
    cluster: { resource: 'cluster', direction, service, protocol },
    endpoint: { resource: 'endpoint', direction, service, protocol },
    listener: { resource: 'listener', direction, service, protocol },
    route: { resource: 'route', direction, service, protocol },
  };
}

function clusterNeeds(
  chain: CompiledChain,
  chainId: string,
  input: UpstreamNeedsInput,
  places: Places,
): NeededResource[] {
  const { envoyClusterJson } = input.upstream;
  const tuning = {
    ...clusterTuning(input),
    ...(chain.default && envoyClusterJson !== '' ? { clusterJson: envoyClusterJson } : {}),
  };
  const found: NeededResource[] = [];
  for (const nodeKey in chain.nodes) {
    const node = chain.nodes[nodeKey];
    const primary = node?.type === 'resolver' ? chain.targets[node.resolver.target] : undefined;
    if (node?.type !== 'resolver' || primary === undefined) continue;
    const base = baseClusterName(chain, primary);
    const failover = node.resolver.failover?.targets;
    const add = (target: string, place: number | undefined, own: boolean): void => {
      const name = place === undefined ? base : failoverClusterName(place, base);
      addTarget(found, chain, { chain: chainId, failover: place, node: nodeKey, target }, name, tuning, places, own);
    };
    if (failover === undefined) {
      add(primary.id, undefined, primary.service === chain.serviceName);
      continue;
    }
    found.push(needed('aggregate-cluster', { chain: chainId, name: base, node: nodeKey }, places.cluster));
    [primary.id, ...failover].forEach((target, position) => add(target, position, true));
  }
  return found;
}

/** Whether a cluster that the user wrote is given endpoints by us; one that cannot be read is replaced by ours, which is. */
function escapeUsesEndpoints(text: string): boolean {
  const parsed = parseEscapeHatch(text, 'envoy.config.cluster.v3.Cluster');
  return 'problem' in parsed || parsed.message.type === 'EDS';
}

function addTarget(
  found: NeededResource[],
  chain: CompiledChain,
  { chain: chainId, failover, node, target: id }: ChainTargetInput,
  name: string,
  tuning: ClusterTuning & { readonly clusterJson?: string },
  places: Places,
  own: boolean,
): void {
  const input = { chain: chainId, failover, name, node, target: id, ...tuning };
  found.push(needed('service-cluster', input, places.cluster, own));
  const target = chain.targets[id];
  const usesEndpoints = tuning.clusterJson === undefined || escapeUsesEndpoints(tuning.clusterJson);
  if (!usesEndpoints || target === undefined) return;
  const endpoints = needed('endpoints', endpointsInput(name, target, failover !== undefined), places.endpoint, own);
  const byLocality = target.prioritizeByLocality?.mode === 'failover';
  found.push(byLocality ? { ...endpoints, byLocality: true } : endpoints);
}

function listenerOf(chain: CompiledChain, chainId: string, input: UpstreamNeedsInput): UpstreamListenerInput {
  const { envoyListenerJson } = input.upstream;
  return {
    chain: chainId,
    ...outboundListenerInput(input),
    ...(chain.default && envoyListenerJson !== '' ? { listenerJson: envoyListenerJson } : {}),
  };
}
