import { packAny } from '../envoy-api/index.js';
import { resolvedProxyCell } from '../../mesh/proxy/index.js';
import type { Builder } from './builder.js';
import { durationOf } from './config-sources.js';
import { escapedCluster } from './escaped-cluster.js';
import { configNumber, configText } from './opaque-config.js';
import { http2Options } from './service-cluster.js';

const DEFAULT_CONNECT_TIMEOUT_MS = 5000;

/** Name of the application's cluster. */
export const LOCAL_APP = 'local_app';

/** The cluster of the application beside the proxy (consul-behaviour 6.3). */
export const localApp: Builder<{ readonly proxy: string }> = (view, input) => {
  const proxy = view.cell(resolvedProxyCell, input.proxy);
  if (proxy === undefined) return undefined;
  const json = configText(proxy.config, 'envoy_local_cluster_json');
  const escaped = json === '' ? undefined : escapedCluster(json, { name: LOCAL_APP });
  if (escaped && 'any' in escaped) return escaped;
  const { localServiceAddress, localServicePort, localServiceSocketPath } = proxy.settings;
  const address =
    localServiceSocketPath === ''
      ? { socket_address: { address: localServiceAddress || '127.0.0.1', port_value: localServicePort } }
      : { pipe: { path: localServiceSocketPath } };
  const limit = configNumber(proxy.config, 'max_inbound_connections') ?? 0;
  const any = packAny('envoy.config.cluster.v3.Cluster', {
    name: LOCAL_APP,
    type: 'STATIC',
    connect_timeout: durationOf(configNumber(proxy.config, 'local_connect_timeout_ms') ?? DEFAULT_CONNECT_TIMEOUT_MS),
    load_assignment: { cluster_name: LOCAL_APP, endpoints: [{ lb_endpoints: [{ endpoint: { address } }] }] },
    ...(limit > 0 ? { circuit_breakers: { thresholds: [{ max_connections: { value: limit } }] } } : {}),
    ...http2Options(proxy.protocol),
  });
  return { name: LOCAL_APP, any };
};
