import { type EnvoyMessages, type PackedAny, packAny } from '../envoy-api/index.js';
import type { AccessLogSettings } from '../../model/index.js';
import { type CompiledChain, isHttpLike } from '../../mesh/discovery-chain/index.js';
import { filterAccessLogs, listenerAccessLogs } from './access-logs.js';
import type { Builder, BuiltResource } from './builder.js';
import { chainOf } from './chain-input.js';
import { chainRoutes } from './chain-routes.js';
import { parseEscapeHatch } from './escape-hatch.js';
import { clusterAction } from './route-action.js';
import { httpConnectionManager } from './http-connection-manager.js';
import { toStruct } from './struct.js';

/** An explicit upstream's listener, as far as it does not follow from its chain. */
export interface UpstreamListenerInput {
  readonly name: string;
  /** The upstream's id; names its routes. */
  readonly upstream: string;
  readonly chain: string;
  /** When access to one of the chain's destinations was last taken away from the caller; absent = never. */
  readonly epoch?: number;
  readonly bindAddress: string;
  readonly bindPort: number;
  readonly bindSocketPath: string;
  readonly bindSocketMode: string;
  readonly balance: string;
  /** `envoy_listener_json` of the upstream, where it applies: it takes the generated listener's place, under our name. */
  readonly listenerJson?: string;
  readonly fetchTimeoutMs?: number;
  readonly accessLogs?: AccessLogSettings;
  /** `envoy_listener_tracing_json` of the proxy. */
  readonly tracingJson?: string;
}

const LISTENER = 'envoy.config.listener.v3.Listener';

type Listener = EnvoyMessages[typeof LISTENER];
type FilterChain = NonNullable<Listener['filter_chains']>[number];

/** Metadata key under which a filter chain carries the index of the last write that took access away. */
const EPOCH_NAMESPACE = 'meshwright';

/** The listener of an explicit upstream: TCP to one cluster, or HTTP with inline or fetched routes (consul-behaviour 6.4). */
export const upstreamListener: Builder<UpstreamListenerInput> = (view, input) => {
  const chain = chainOf(view, input.chain);
  if (chain === undefined) return undefined;
  const { epoch = 0 } = input;
  const ended = epoch > 0 ? { chainEpoch: epoch } : {};
  const escaped = input.listenerJson === undefined ? undefined : parseEscapeHatch(input.listenerJson, LISTENER);
  if (escaped && 'message' in escaped) {
    const any = packAny(LISTENER, { ...withEpoch(escaped.message, epoch), name: input.name });
    return { name: input.name, any, ...ended };
  }
  const filter = isHttpLike(chain.protocol) ? httpFilter(chain, input) : tcpFilter(chain, input);
  if (filter === undefined) return undefined;
  const any = packAny(LISTENER, {
    name: input.name,
    address: bindAddress(input),
    traffic_direction: 'OUTBOUND',
    filter_chains: [{ filters: [filter], ...(epoch > 0 ? { metadata: epochMetadata(epoch) } : {}) }],
    access_log: listenerAccessLogs(input.accessLogs),
    ...(input.balance === 'exact_balance' ? { connection_balance_config: { exact_balance: {} } } : {}),
  });
  const routes: BuiltResource['references'] = usesRouteDiscovery(chain)
    ? [{ type: 'route', name: input.upstream }]
    : [];
  return { name: input.name, any, references: routes, ...ended };
};

/** Whether the chain's routes are fetched: HTTP with more than the service itself behind it. */
export function usesRouteDiscovery(chain: CompiledChain): boolean {
  return isHttpLike(chain.protocol) && !chain.default;
}

function bindAddress(input: UpstreamListenerInput) {
  if (input.bindSocketPath === '')
    return { socket_address: { address: input.bindAddress, port_value: input.bindPort } };
  const mode = Number.parseInt(input.bindSocketMode || '0', 8);
  return { pipe: { path: input.bindSocketPath, ...(mode > 0 ? { mode } : {}) } };
}

const epochMetadata = (epoch: number) => ({ filter_metadata: { [EPOCH_NAMESPACE]: toStruct({ epoch }) } });

/** The user's own listener, its chains marked as ours would be. */
function withEpoch(listener: Listener, epoch: number): Listener {
  if (epoch === 0) return listener;
  const marked = (chain: FilterChain): FilterChain => {
    const filter_metadata = { ...chain.metadata?.filter_metadata, ...epochMetadata(epoch).filter_metadata };
    return { ...chain, metadata: { ...chain.metadata, filter_metadata } };
  };
  const { filter_chains: chains = [], default_filter_chain: rest } = listener;
  return { ...listener, filter_chains: chains.map(marked), ...(rest ? { default_filter_chain: marked(rest) } : {}) };
}

const statPrefix = (chain: CompiledChain): string =>
  `upstream.${chain.serviceName}.${chain.namespace}.${chain.partition}.${chain.datacenter}`;

function tcpFilter(
  chain: CompiledChain,
  input: UpstreamListenerInput,
): { name: string; typed_config: PackedAny } | undefined {
  const action = clusterAction(chain, chain.startNode);
  if (action === undefined || !('cluster' in action)) return undefined;
  return {
    name: 'envoy.filters.network.tcp_proxy',
    typed_config: packAny('envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy', {
      stat_prefix: statPrefix(chain),
      cluster: action.cluster,
      access_log: filterAccessLogs(input.accessLogs),
    }),
  };
}

function httpFilter(chain: CompiledChain, input: UpstreamListenerInput): { name: string; typed_config: PackedAny } {
  const { serviceName, namespace, partition, datacenter } = chain;
  return httpConnectionManager({
    statPrefix: statPrefix(chain),
    protocol: chain.protocol,
    routes: usesRouteDiscovery(chain)
      ? {
          type: 'rds',
          name: input.upstream,
          ...(input.fetchTimeoutMs === undefined ? {} : { fetchTimeoutMs: input.fetchTimeoutMs }),
        }
      : {
          type: 'inline',
          routeConfig: {
            name: input.upstream,
            virtual_hosts: [
              {
                name: `${serviceName}.${namespace}.${partition}.${datacenter}`,
                domains: ['*'],
                routes: chainRoutes(chain),
              },
            ],
          },
        },
    filters: [],
    ...(input.accessLogs ? { accessLogs: input.accessLogs } : {}),
    ...(input.tracingJson === undefined ? {} : { tracingJson: input.tracingJson }),
  });
}
