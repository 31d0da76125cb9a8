import { AppError, canonicalJson } from '../../core/index.js';
import type { AccessLogSettings, Cell } from '../../model/index.js';
import { type CompiledChain, chainKey, discoveryChainCell } from '../../mesh/discovery-chain/index.js';
import type { ResolvedUpstream } from '../../mesh/proxy/index.js';
import { baseClusterName, failoverClusterName } from './chain-input.js';
import { type NeededResource, needed } from './resource-cell.js';
import { usesRouteDiscovery } from './upstream-listener.js';

/** An upstream with what its proxy's settings add: everything its resources depend on besides the state. */
export interface UpstreamNeedsInput {
  readonly upstream: ResolvedUpstream;
  readonly source: string;
  readonly fetchTimeoutMs?: number;
  readonly accessLogs?: AccessLogSettings;
  readonly tracingJson?: string;
}

/**
 * The resources of one upstream, shared by all proxies that call it the same way. Only names and keys: a change of weights or
 * endpoints leaves it equal and stops the wave here. Key: canonical JSON of the input. Throws for a chain that does not compile.
 */
export const upstreamNeedsCell: Cell<readonly NeededResource[]> = {
  kind: 'upstream-needs',
  compute(view, key) {
    const input = JSON.parse(key) as UpstreamNeedsInput;
    const { upstream } = input;
    const chainId = chainKey({
      service: upstream.destinationName,
      evaluateInDatacenter: upstream.datacenter,
      overrides: {
        protocol: upstream.protocol,
        meshGatewayMode: upstream.meshGatewayMode,
        connectTimeoutMs: upstream.connectTimeoutMs,
      },
    });
    const result = view.cell(discoveryChainCell, chainId);
    if (!result.ok) throw new AppError('invalidArgument', `upstream ${upstream.id}: ${result.problem}`);
    return [...clusterNeeds(result.chain, chainId, input), ...listenerNeeds(result.chain, chainId, input)];
  },
};

export const upstreamNeedsKey = (input: UpstreamNeedsInput): string => canonicalJson(input);

function clusterNeeds(chain: CompiledChain, chainId: string, input: UpstreamNeedsInput): NeededResource[] {
  const { limits, passiveHealthCheck } = input.upstream;
  const tuning = {
    ...(Object.keys(limits).length > 0 ? { limits } : {}),
    ...(passiveHealthCheck ? { passiveHealthCheck } : {}),
    ...(input.fetchTimeoutMs === undefined ? {} : { fetchTimeoutMs: input.fetchTimeoutMs }),
  };
  return Object.entries(chain.nodes).flatMap(([nodeKey, node]) => {
    const primary = node.type === 'resolver' ? chain.targets[node.resolver.target] : undefined;
    if (node.type !== 'resolver' || primary === undefined) return [];
    const base = baseClusterName(chain, primary);
    const ref = { chain: chainId, node: nodeKey };
    const failover = node.resolver.failover?.targets ?? [];
    if (failover.length === 0) return targetNeeds({ ...ref, target: primary.id }, base, tuning);
    return [
      needed('aggregate-cluster', { ...ref, name: base }),
      ...[primary.id, ...failover].flatMap((target, position) =>
        targetNeeds({ ...ref, target, failover: position }, failoverClusterName(position, base), tuning),
      ),
    ];
  });
}

function targetNeeds(
  ref: { readonly chain: string; readonly node: string; readonly target: string; readonly failover?: number },
  name: string,
  tuning: object,
): NeededResource[] {
  const { failover: _position, ...target } = ref;
  return [needed('service-cluster', { ...ref, ...tuning, name }), needed('endpoints', { ...target, name })];
}

function listenerNeeds(chain: CompiledChain, chainId: string, input: UpstreamNeedsInput): NeededResource[] {
  const { upstream, source, fetchTimeoutMs, accessLogs, tracingJson } = input;
  const { bindAddress, bindPort, bindSocketPath, bindSocketMode } = upstream;
  const place = bindSocketPath === '' ? `${bindAddress}:${bindPort}` : bindSocketPath;
  const listener = needed('upstream-listener', {
    name: `${upstream.id}:${place}`,
    upstream: upstream.id,
    chain: chainId,
    source,
    bindAddress,
    bindPort,
    bindSocketPath,
    bindSocketMode,
    balance: upstream.balanceOutboundConnections,
    ...(fetchTimeoutMs === undefined ? {} : { fetchTimeoutMs }),
    ...(accessLogs ? { accessLogs } : {}),
    ...(tracingJson === undefined ? {} : { tracingJson }),
  });
  if (!usesRouteDiscovery(chain)) return [listener];
  return [listener, needed('route', { name: upstream.id, chain: chainId })];
}
