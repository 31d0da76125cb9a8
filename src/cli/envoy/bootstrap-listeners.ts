import type { PrometheusOptions } from './bootstrap-input.js';
import { hostAndPort, type ProxyConfig, textSetting } from './proxy-config.js';

type Json = Readonly<Record<string, unknown>>;

export interface StaticResources {
  readonly listeners: readonly Json[];
  readonly clusters: readonly Json[];
}

const TYPE = 'type.googleapis.com/envoy.extensions';
const SELF_ADMIN = 'self_admin';
const PROMETHEUS_BACKEND = 'prometheus_backend';

/** The listeners for Prometheus, for statistics and for readiness probes, with the clusters they need (consul-behaviour.md 6.14). */
export function staticListeners(
  config: ProxyConfig,
  prometheus: PrometheusOptions,
  ready: { readonly address: string; readonly port: number } | undefined,
  admin: { readonly host: string; readonly port: number },
): StaticResources {
  const listeners: Json[] = [];
  const clusters: Json[] = [];
  const scrapeAddress = textSetting(config, 'envoy_prometheus_bind_addr');
  const statsAddress = textSetting(config, 'envoy_stats_bind_addr');
  if (scrapeAddress !== '') {
    const backend = prometheus.backendPort === '' ? SELF_ADMIN : PROMETHEUS_BACKEND;
    if (backend === PROMETHEUS_BACKEND)
      clusters.push(localCluster(PROMETHEUS_BACKEND, '127.0.0.1', Number(prometheus.backendPort)));
    const at = hostAndPort(scrapeAddress, 'envoy_prometheus_bind_addr');
    const match = { path: prometheus.scrapePath };
    listeners.push(
      listener('envoy_prometheus_metrics', at, match, '/stats/prometheus', backend, scrapeTls(prometheus)),
    );
  }
  if (statsAddress !== '') {
    const at = hostAndPort(statsAddress, 'envoy_stats_bind_addr');
    listeners.push(listener('envoy_metrics', at, { prefix: '/stats' }, '/stats', SELF_ADMIN));
  }
  if (ready !== undefined) listeners.push(listener('envoy_ready', ready, { path: '/ready' }, '/ready', SELF_ADMIN));
  if (listeners.length > 0) clusters.unshift(localCluster(SELF_ADMIN, reachable(admin.host), admin.port));
  return { listeners, clusters };
}

const reachable = (host: string): string => (host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host);

function listener(
  name: string,
  at: { readonly address: string; readonly port: number },
  match: Json,
  prefixRewrite: string,
  cluster: string,
  transportSocket?: Json,
): Json {
  const routes = [
    { match, route: { cluster, prefix_rewrite: prefixRewrite } },
    { match: { prefix: '/' }, direct_response: { status: 404 } },
  ];
  const manager = {
    '@type': `${TYPE}.filters.network.http_connection_manager.v3.HttpConnectionManager`,
    stat_prefix: name,
    codec_type: 'HTTP1',
    route_config: { name: 'self_admin_route', virtual_hosts: [{ name: SELF_ADMIN, domains: ['*'], routes }] },
    http_filters: [
      { name: 'envoy.filters.http.router', typed_config: { '@type': `${TYPE}.filters.http.router.v3.Router` } },
    ],
  };
  return {
    name: `${name}_listener`,
    address: { socket_address: { address: at.address, port_value: at.port } },
    filter_chains: [
      {
        filters: [{ name: 'envoy.filters.network.http_connection_manager', typed_config: manager }],
        ...(transportSocket === undefined ? {} : { transport_socket: transportSocket }),
      },
    ],
  };
}

/** Envoy reads the files anew when they change. */
function scrapeTls({ certFile, keyFile, caFile, caPath }: PrometheusOptions): Json | undefined {
  if (certFile === '' || keyFile === '') return undefined;
  const validation = {
    ...(caFile === '' ? {} : { trusted_ca: { filename: caFile } }),
    ...(caPath === '' ? {} : { watched_directory: { path: caPath } }),
  };
  return {
    name: 'tls',
    typed_config: {
      '@type': `${TYPE}.transport_sockets.tls.v3.DownstreamTlsContext`,
      common_tls_context: {
        tls_certificates: [{ certificate_chain: { filename: certFile }, private_key: { filename: keyFile } }],
        ...(Object.keys(validation).length === 0 ? {} : { validation_context: validation }),
      },
      ...(Object.keys(validation).length === 0 ? {} : { require_client_certificate: true }),
    },
  };
}

function localCluster(name: string, address: string, port: number): Json {
  return {
    name,
    connect_timeout: '5s',
    type: 'STATIC',
    load_assignment: {
      cluster_name: name,
      endpoints: [{ lb_endpoints: [{ endpoint: { address: { socket_address: { address, port_value: port } } } }] }],
    },
  };
}
