import { sha1Base64Url } from '../core/index.js';

/** The service that collects metrics. */
export const TELEMETRY_COLLECTOR = 'consul-telemetry-collector';

/**
 * The unix socket in `envoy_telemetry_collector_bind_socket_dir` on which a sidecar listens for the metrics of its own Envoy. Both
 * the bootstrap and the control plane name it, so it follows from who the proxy is; a hash, for paths of sockets are short.
 */
export function telemetrySocket(folder: string, proxyId: string, namespace = 'default'): string {
  return `${folder.replace(/\/+$/, '')}/${sha1Base64Url(`${namespace || 'default'}_${proxyId}`)}.sock`;
}
