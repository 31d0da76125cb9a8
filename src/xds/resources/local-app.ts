import { packAny } from '../envoy-api/index.js';
import { type ResolvedProxy, resolvedProxyCell } from '../../mesh/proxy/index.js';
import type { Builder } from './builder.js';
import { durationOf } from './config-sources.js';
import { http2Options } from './service-cluster.js';

const DEFAULT_CONNECT_TIMEOUT_MS = 5000;

/** A number among the opaque settings of a proxy; undefined when absent or not a number. */
export function numberSetting(proxy: ResolvedProxy, name: string): number | undefined {
  const value = proxy.config[name];
  const parsed = typeof value === 'string' && value !== '' ? Number(value) : value;
  return typeof parsed === 'number' && Number.isFinite(parsed) ? parsed : undefined;
}

/** The cluster of the application beside the proxy (consul-behaviour 6.3). */
export const localApp: Builder<{ readonly proxy: string }> = (view, input) => {
  const proxy = view.cell(resolvedProxyCell, input.proxy);
  if (proxy === undefined) return undefined;
  const { localServiceAddress, localServicePort, localServiceSocketPath } = proxy.settings;
  const address =
    localServiceSocketPath === ''
      ? { socket_address: { address: localServiceAddress || '127.0.0.1', port_value: localServicePort } }
      : { pipe: { path: localServiceSocketPath } };
  const limit = numberSetting(proxy, 'max_inbound_connections') ?? 0;
  const any = packAny('envoy.config.cluster.v3.Cluster', {
    name: 'local_app',
    type: 'STATIC',
    connect_timeout: durationOf(numberSetting(proxy, 'local_connect_timeout_ms') ?? DEFAULT_CONNECT_TIMEOUT_MS),
    load_assignment: { cluster_name: 'local_app', endpoints: [{ lb_endpoints: [{ endpoint: { address } }] }] },
    ...(limit > 0 ? { circuit_breakers: { thresholds: [{ max_connections: { value: limit } }] } } : {}),
    ...http2Options(proxy.protocol),
  });
  return { name: 'local_app', any };
};
