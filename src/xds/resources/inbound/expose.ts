import { entryOf } from '../../../mesh/discovery-chain/index.js';
import { type ProxyReference, type ResolvedProxy, proxyKey, resolvedProxyCell } from '../../../mesh/proxy/index.js';
import { type ExposePath, type MeshView, nodeKey } from '../../../model/index.js';
import { packAny } from '../../envoy-api/index.js';
import { listenerAccessLogs } from '../access-logs.js';
import type { Builder } from '../builder.js';
import { durationOf } from '../config-sources.js';
import { httpConnectionManager } from '../http-connection-manager.js';
import { clusterType } from './local-app.js';
import { configText, positiveConfigNumber } from '../opaque-config.js';
import { http2Options } from '../clusters/http2-options.js';

const DEFAULT_CONNECT_TIMEOUT_MS = 5000;

/** One path of a service that is reachable without mutual TLS, for health checks and metrics. */
export interface ExposedPathInput extends ProxyReference {
  readonly path: ExposePath;
}

/** A listener for exactly one path, plain HTTP to the application (consul-behaviour 6.1, 2.4). */
export const exposedListener: Builder<ExposedPathInput> = (view, { path, ...reference }) => {
  const proxy = view.cell(resolvedProxyCell, proxyKey(reference));
  if (proxy === undefined) return undefined;
  const name = exposedListenerName(proxy, path);
  const mesh = entryOf(view, 'mesh', 'mesh');
  const filter = httpConnectionManager({
    statPrefix: routesName(path),
    protocol: path.protocol || 'http',
    routes: { type: 'inline', routeConfig: pathRoutes(proxy, path) },
    filters: [],
    accessLogs: proxy.accessLogs,
    // Nobody here has shown a certificate, so that none is passed on.
    inbound: { forwardClientCertificate: false, normalization: mesh?.http?.incoming?.requestNormalization },
  });
  const any = packAny('envoy.config.listener.v3.Listener', {
    name,
    address: { socket_address: { address: exposedAddress(proxy), port_value: path.listenerPort } },
    traffic_direction: 'INBOUND',
    filter_chains: [
      { filters: [filter], ...(path.parsedFromCheck ? { filter_chain_match: checksOnly(view, proxy) } : {}) },
    ],
    access_log: listenerAccessLogs(proxy.accessLogs),
  });
  return { name, any, entries: [...proxy.entries, ...(mesh ? ['mesh/mesh'] : [])] };
};

/** The cluster of an exposed path whose port is not the service's own. */
export const exposedCluster: Builder<ExposedPathInput> = (view, { node, proxyId, path }) => {
  const proxy = view.cell(resolvedProxyCell, proxyKey({ node, proxyId }));
  if (proxy === undefined) return undefined;
  const name = exposedClusterName(proxy, path);
  const address = proxy.settings.localServiceAddress || '127.0.0.1';
  const endpoint = { address: { socket_address: { address, port_value: path.localPathPort } } };
  const any = packAny('envoy.config.cluster.v3.Cluster', {
    name,
    type: clusterType(address),
    connect_timeout: durationOf(
      positiveConfigNumber(proxy.config, 'local_connect_timeout_ms') ?? DEFAULT_CONNECT_TIMEOUT_MS,
    ),
    load_assignment: { cluster_name: name, endpoints: [{ lb_endpoints: [{ endpoint }] }] },
    typed_extension_protocol_options: http2Options(path.protocol),
  });
  return { name, any, entries: proxy.entries };
};

/** `exposed_path_<letters and digits of the path>:<address>:<port>`. */
export function exposedListenerName(proxy: ResolvedProxy, path: ExposePath): string {
  return `exposed_path_${plain(path.path)}:${exposedAddress(proxy)}:${path.listenerPort}`;
}

/** Where an exposed path leads: the application itself, or `exposed_cluster_<port>` for another of its ports. */
export function exposedClusterName({ settings }: ResolvedProxy, path: ExposePath): string {
  return path.localPathPort === settings.localServicePort ? 'local_app' : `exposed_cluster_${path.localPathPort}`;
}

function exposedAddress(proxy: ResolvedProxy): string {
  return configText(proxy.config, 'bind_address') || proxy.address || '0.0.0.0';
}

const plain = (path: string): string => path.replace(/[^a-zA-Z0-9]/g, '');
const routesName = (path: ExposePath): string => `exposed_path_filter_${plain(path.path)}_${path.listenerPort}`;

function pathRoutes(proxy: ResolvedProxy, path: ExposePath) {
  const name = routesName(path);
  const route = { match: { path: path.path }, route: { cluster: exposedClusterName(proxy, path) } };
  return { name, virtual_hosts: [{ name, domains: ['*'], routes: [route] }] };
}

/** A path that was exposed for a check is for those who check: this host and its agent. */
function checksOnly(view: MeshView, proxy: ResolvedProxy) {
  const agent = view.get('nodes', nodeKey(proxy.node))?.address ?? '';
  return {
    source_prefix_ranges: [
      ...hostRange(agent),
      { address_prefix: '127.0.0.1', prefix_len: { value: 8 } },
      { address_prefix: '::1', prefix_len: { value: 128 } },
    ],
  };
}

/** One address as a range; none for a node that is known by a host name. */
function hostRange(address: string) {
  if (address.includes(':')) return [{ address_prefix: address, prefix_len: { value: 128 } }];
  return /^[0-9.]+$/.test(address) ? [{ address_prefix: address, prefix_len: { value: 32 } }] : [];
}
