import { AppError } from '../../../core/index.js';
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
import { changesCallers, type TrafficPlace } from '../extensions/index.js';
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
    const input = JSON.parse(key) as UpstreamNeedsInput;
    const { upstream } = input;
    const { filter, destinations, problems } = view.cell(upstreamChainCell, key);
    const { chain: chainId } = filter;
    const chain = chainOf(view, chainId);
    if (chain === undefined) throw new AppError('internal', `the chain of upstream ${upstream.id} is gone`);
    const listener = listenerOf(chain, chainId, input);
    const place = placeOf(chain);
    const action = clusterAction(chain, chain.startNode);
    return {
      resources: [
        ...clusterNeeds(chain, chainId, input),
        ...(input.transparent ? [] : [needed('upstream-listener', listener, { ...place, resource: 'listener' })]),
        ...(usesRouteDiscovery(chain)
          ? [needed('route', { name: upstream.id, chain: chainId }, { ...place, resource: 'route' })]
          : []),
      ],
      ...(input.transparent ? {} : { listener: { builder: 'upstream-listener', input: listener } }),
      ...(action && 'cluster' in action ? { cluster: { name: action.cluster, protocol: chain.protocol } } : {}),
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

const placeOf = (chain: CompiledChain): TrafficPlace => ({
  direction: 'outbound',
  service: chain.serviceName,
  protocol: chain.protocol,
});

function clusterNeeds(chain: CompiledChain, chainId: string, input: UpstreamNeedsInput): NeededResource[] {
  const { envoyClusterJson } = input.upstream;
  const tuning = {
    ...clusterTuning(input),
    ...(chain.default && envoyClusterJson !== '' ? { clusterJson: envoyClusterJson } : {}),
  };
  return Object.entries(chain.nodes).flatMap(([nodeKey, node]) => {
    const primary = node.type === 'resolver' ? chain.targets[node.resolver.target] : undefined;
    if (node.type !== 'resolver' || primary === undefined) return [];
    const base = baseClusterName(chain, primary);
    const ref = { chain: chainId, node: nodeKey };
    const failover = node.resolver.failover?.targets ?? [];
    if (failover.length === 0)
      return targetNeeds(chain, { ...ref, target: primary.id }, base, tuning, primary.service === chain.serviceName);
    return [
      needed('aggregate-cluster', { ...ref, name: base }, { ...placeOf(chain), resource: 'cluster' }),
      ...[primary.id, ...failover].flatMap((target, position) =>
        targetNeeds(chain, { ...ref, target, failover: position }, failoverClusterName(position, base), tuning, true),
      ),
    ];
  });
}

/** Whether a cluster that the user wrote is given endpoints by us; one that cannot be read is replaced by ours, which is. */
function escapeUsesEndpoints(text: string): boolean {
  const parsed = parseEscapeHatch(text, 'envoy.config.cluster.v3.Cluster');
  return 'problem' in parsed || parsed.message.type === 'EDS';
}

function targetNeeds(
  chain: CompiledChain,
  ref: ChainTargetInput,
  name: string,
  tuning: ClusterTuning & { readonly clusterJson?: string },
  own: boolean,
): NeededResource[] {
  const place = placeOf(chain);
  const cluster = { ...needed('service-cluster', { ...ref, ...tuning, name }, { ...place, resource: 'cluster' }), own };
  const target = chain.targets[ref.target];
  const usesEndpoints = tuning.clusterJson === undefined || escapeUsesEndpoints(tuning.clusterJson);
  if (!usesEndpoints || target === undefined) return [cluster];
  const endpoints = endpointsInput(name, target, ref.failover !== undefined);
  const byLocality = target.prioritizeByLocality?.mode === 'failover' ? { byLocality: true as const } : {};
  return [cluster, { ...needed('endpoints', endpoints, { ...place, resource: 'endpoint' }), own, ...byLocality }];
}

function listenerOf(chain: CompiledChain, chainId: string, input: UpstreamNeedsInput): UpstreamListenerInput {
  const { envoyListenerJson } = input.upstream;
  return {
    ...outboundListenerInput(input),
    chain: chainId,
    ...(chain.default && envoyListenerJson !== '' ? { listenerJson: envoyListenerJson } : {}),
  };
}
