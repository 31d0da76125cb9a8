import { packAny } from '../../envoy-api/index.js';
import type { AccessLogSettings } from '../../../model/index.js';
import { type CompiledChain, isHttpLike } from '../../../mesh/discovery-chain/index.js';
import { filterAccessLogs } from '../access-logs.js';
import { chainRoutes } from '../routes/chain-routes.js';
import { clusterAction } from '../routes/route-action.js';
import { routeFilters } from '../routes/route-filters.js';
import { type NamedFilter, httpConnectionManager } from '../http-connection-manager.js';
import type { ResourceType } from '../spec.js';
import type { UpstreamSettings } from './upstream-settings.js';

/** What the last filter towards an upstream depends on besides the chain. */
export interface UpstreamFilterInput extends UpstreamSettings {
  /** The upstream's id; names its routes. */
  readonly upstream: string;
}

/** TCP to one cluster, or HTTP with inline or fetched routes (consul-behaviour 6.4); undefined for a chain that leads nowhere. */
export function upstreamFilter(chain: CompiledChain, input: UpstreamFilterInput): NamedFilter | undefined {
  return isHttpLike(chain.protocol) ? httpFilter(chain, input) : tcpFilter(chain, input);
}

/** Whether the chain's routes are fetched: HTTP with more than the service itself behind it. */
export function usesRouteDiscovery(chain: CompiledChain): boolean {
  return isHttpLike(chain.protocol) && !chain.default;
}

/** The route configuration that the filter of an upstream makes Envoy ask for. */
export function routeReferences(
  chain: CompiledChain,
  upstream: string,
): readonly { readonly type: ResourceType; readonly name: string }[] {
  return usesRouteDiscovery(chain) ? [{ type: 'route', name: upstream }] : [];
}

/** Prefix of the statistics of an upstream. */
export const statPrefix = (chain: CompiledChain): string =>
  `upstream.${chain.serviceName}.${chain.namespace}.${chain.partition}.${chain.datacenter}`;

function tcpFilter(chain: CompiledChain, input: UpstreamFilterInput): NamedFilter | undefined {
  const action = clusterAction(chain, chain.startNode);
  if (action?.cluster === undefined) return undefined;
  return tcpProxy(statPrefix(chain), action.cluster, input.accessLogs);
}

/** The filter that passes connections on to one cluster. */
export function tcpProxy(stat_prefix: string, cluster: string, accessLogs: AccessLogSettings | undefined): NamedFilter {
  return {
    name: 'envoy.filters.network.tcp_proxy',
    typed_config: packAny('envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy', {
      stat_prefix,
      cluster,
      access_log: filterAccessLogs(accessLogs),
    }),
  };
}

function httpFilter(chain: CompiledChain, input: UpstreamFilterInput): NamedFilter {
  const { serviceName, namespace, partition, datacenter } = chain;
  return httpConnectionManager({
    statPrefix: statPrefix(chain),
    protocol: chain.protocol,
    routes: usesRouteDiscovery(chain)
      ? { type: 'rds', name: input.upstream, fetchTimeoutMs: input.fetchTimeoutMs }
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
    filters: routeFilters(chain),
    accessLogs: input.accessLogs,
    tracingJson: input.tracingJson,
  });
}
