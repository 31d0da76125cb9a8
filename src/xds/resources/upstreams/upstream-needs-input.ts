import type { ClusterTuning } from './chain-input.js';
import type { UpstreamCluster } from '../extensions/index.js';
import type { OutboundListenerInput } from '../transparent/outbound-listener.js';
import type { QueryListenerInput } from '../queries/query-listener.js';
import { type NeededResource, needed } from '../resource-cell.js';
import type { UpstreamNeedsInput } from './upstream-chain.js';
import type { UpstreamListenerInput } from './upstream-listener.js';

export interface UpstreamNeeds {
  readonly resources: readonly NeededResource[];
  /** The one among them that ends connections of before when access is taken away from a caller (`withEpoch`); transparent ones have none. */
  readonly listener?:
    | { readonly builder: 'upstream-listener'; readonly input: UpstreamListenerInput }
    | { readonly builder: 'query-listener'; readonly input: QueryListenerInput };
  /** The one cluster behind it; absent when requests are spread or routed. */
  readonly cluster?: UpstreamCluster;
  /** Its owner has extensions that change what callers send to it. */
  readonly extended?: true;
  /** The services that its requests may reach. */
  readonly destinations: readonly string[];
  /** Sentences about settings that cannot be followed. */
  readonly problems: readonly string[];
}

/** What an upstream's settings say about its clusters. */
export function clusterTuning({ upstream, fetchTimeoutMs }: UpstreamNeedsInput): ClusterTuning {
  const { limits, passiveHealthCheck } = upstream;
  return {
    ...(Object.keys(limits).length > 0 ? { limits } : {}),
    ...(passiveHealthCheck ? { passiveHealthCheck } : {}),
    ...(fetchTimeoutMs === undefined ? {} : { fetchTimeoutMs }),
  };
}

/** What an upstream's settings say about its listener. */
export function outboundListenerInput({
  upstream,
  transparent: _transparent,
  formatsUpTo: _formatsUpTo,
  ...settings
}: UpstreamNeedsInput): OutboundListenerInput {
  const { bindAddress, bindPort, bindSocketPath, bindSocketMode } = upstream;
  const place = bindSocketPath === '' ? `${bindAddress}:${bindPort}` : bindSocketPath;
  return {
    balance: upstream.balanceOutboundConnections,
    bindAddress,
    bindPort,
    bindSocketMode,
    bindSocketPath,
    name: `${upstream.id}:${place}`,
    upstream: upstream.id,
    ...settings,
  };
}

/**
 * The resources of an upstream for a caller from whom access was taken away at `epoch`; 0 = never, which all callers share.
 */
export function withEpoch({ resources, listener }: UpstreamNeeds, epoch: number): readonly NeededResource[] {
  if (epoch === 0 || listener === undefined) return resources;
  const ended =
    listener.builder === 'query-listener'
      ? needed(listener.builder, { ...listener.input, epoch })
      : needed(listener.builder, { ...listener.input, epoch });
  return resources.map((resource) => (resource.type === 'listener' ? { ...resource, cell: ended.cell } : resource));
}
