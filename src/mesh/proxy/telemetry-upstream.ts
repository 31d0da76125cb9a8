import type { Upstream } from '../../model/index.js';
import { TELEMETRY_COLLECTOR, telemetrySocket } from '../../model/telemetry-socket.js';
import type { ResolvedProxy } from './resolved-proxy.js';

/** The upstream by which a proxy's own Envoy sends its metrics, when `envoy_telemetry_collector_bind_socket_dir` says so; or none. */
export function telemetryUpstreams({ config, proxyId }: ResolvedProxy): readonly Upstream[] {
  const folder = config['envoy_telemetry_collector_bind_socket_dir'];
  if (typeof folder !== 'string' || folder === '') return [];
  return [
    {
      destinationType: 'service',
      destinationName: TELEMETRY_COLLECTOR,
      destinationPeer: '',
      datacenter: '',
      localBindAddress: '',
      localBindPort: 0,
      localBindSocketPath: telemetrySocket(folder, proxyId),
      localBindSocketMode: '',
      config: {},
      meshGateway: { mode: '' },
    },
  ];
}
