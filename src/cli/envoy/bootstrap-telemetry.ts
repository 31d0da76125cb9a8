import type { BootstrapInput } from './bootstrap-input.js';
import { textSetting } from './proxy-config.js';
import { telemetrySocket } from '../../model/telemetry-socket.js';

type Json = Readonly<Record<string, unknown>>;

const CLUSTER = 'consul_telemetry_collector_loopback';

/**
 * What sends Envoy's metrics to the service `consul-telemetry-collector` (`envoy_telemetry_collector_bind_socket_dir`): to a socket
 * on which the control plane has the sidecar listen for that service. Empty without the setting.
 */
export function telemetryCollector({ config, proxyId, namespace }: BootstrapInput): {
  readonly clusters: readonly Json[];
  readonly sinks: readonly Json[];
} {
  const folder = textSetting(config, 'envoy_telemetry_collector_bind_socket_dir');
  if (folder === '') return { clusters: [], sinks: [] };
  const address = { pipe: { path: telemetrySocket(folder, proxyId, namespace) } };
  return {
    clusters: [
      {
        name: CLUSTER,
        type: 'STATIC',
        connect_timeout: '5s',
        typed_extension_protocol_options: {
          'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': {
            '@type': 'type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions',
            explicit_http_config: { http2_protocol_options: {} },
          },
        },
        load_assignment: { cluster_name: CLUSTER, endpoints: [{ lb_endpoints: [{ endpoint: { address } }] }] },
      },
    ],
    sinks: [
      {
        name: 'envoy.stat_sinks.metrics_service',
        typed_config: {
          '@type': 'type.googleapis.com/envoy.config.metrics.v3.MetricsServiceConfig',
          transport_api_version: 'V3',
          grpc_service: { envoy_grpc: { cluster_name: CLUSTER } },
          emit_tags_as_labels: true,
        },
      },
    ],
  };
}
