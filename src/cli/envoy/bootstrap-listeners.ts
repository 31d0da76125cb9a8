import { AppError } from '../../core/index.js';
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
      clusters.push(localCluster(PROMETHEUS_BACKEND, '127.0.0.1', backendPort(prometheus)));
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
  const readyAt = ready ?? readyOf(config);
  if (readyAt !== undefined) listeners.push(listener('envoy_ready', readyAt, { path: '/ready' }, '/ready', SELF_ADMIN));
  if (listeners.length > 0) clusters.unshift(localCluster(SELF_ADMIN, reachable(admin.host), admin.port));
  return { listeners, clusters };
}

function backendPort({ backendPort: given }: PrometheusOptions): number {
  const port = Number(given);
  if (Number.isInteger(port) && port > 0 && port <= 65_535) return port;
  throw new AppError('invalidArgument', `-prometheus-backend-port must be between 1 and 65535, not "${given}"`);
}

/** Where the proxy's configuration wants readiness probes answered. */
function readyOf(config: ProxyConfig): { readonly address: string; readonly port: number } | undefined {
  const whole = textSetting(config, 'envoy_ready_bind_addr');
  if (whole !== '') return hostAndPort(whole, 'envoy_ready_bind_addr');
  const address = textSetting(config, 'envoy_ready_bind_address');
  const port = config['envoy_ready_bind_port'];
  if (address === '' && port === undefined) return undefined;
  const host = address.includes(':') && !address.startsWith('[') ? `[${address}]` : address;
  const digits = typeof port === 'number' || typeof port === 'string' ? port : '';
  return hostAndPort(`${host}:${digits}`, 'envoy_ready_bind_address and envoy_ready_bind_port');
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

/** Files are read by Envoy itself, which needs not have them here; what the certificates of a directory say stands inside. */
function scrapeTls({ certFile, keyFile, caFile, caPem }: PrometheusOptions): Json | undefined {
  if (certFile === '' || keyFile === '') return undefined;
  const trusted = caPem === '' ? { filename: caFile } : { inline_string: caPem };
  const validation = caPem === '' && caFile === '' ? {} : { trusted_ca: trusted };
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
