import { ipVersion } from '../../../core/index.js';
import { packAny } from '../../envoy-api/index.js';
import type { ResolvedProxy } from '../../../mesh/proxy/index.js';
import type { Builder } from '../builder.js';
import { durationOf } from '../config-sources.js';
import { escapedCluster } from '../clusters/escaped-cluster.js';
import { configNumber, configText, positiveConfigNumber } from '../opaque-config.js';
import { usesHttp2 } from '../clusters/http2-options.js';

const DEFAULT_CONNECT_TIMEOUT_MS = 5000;
const HTTP_OPTIONS = 'envoy.extensions.upstreams.http.v3.HttpProtocolOptions';

/** Name of the application's cluster. */
export const LOCAL_APP = 'local_app';

/** The application beside a proxy: all that its cluster is made from, so that proxies with alike applications share one. */
export interface LocalAppInput {
  readonly name: typeof LOCAL_APP;
  readonly address: string;
  readonly port: number;
  /** Takes the place of address and port when it is not empty. */
  readonly socketPath: string;
  readonly connectTimeoutMs: number;
  readonly http2: boolean;
  /** 0 = no limit. */
  readonly maxConnections: number;
  /** `envoy_local_cluster_json`. */
  readonly clusterJson?: string;
}

/** How a proxy reaches its application (consul-behaviour 6.3, 6.13). */
export function localAppInput({ settings, config, protocol }: ResolvedProxy): LocalAppInput {
  const clusterJson = configText(config, 'envoy_local_cluster_json');
  return {
    name: LOCAL_APP,
    address: settings.localServiceAddress || '127.0.0.1',
    port: settings.localServicePort,
    socketPath: settings.localServiceSocketPath,
    connectTimeoutMs: positiveConfigNumber(config, 'local_connect_timeout_ms') ?? DEFAULT_CONNECT_TIMEOUT_MS,
    http2: usesHttp2(protocol),
    maxConnections: Math.max(configNumber(config, 'max_inbound_connections') ?? 0, 0),
    ...(clusterJson === '' ? {} : { clusterJson }),
  };
}

/** The application's cluster. Requests go to it in the version of HTTP in which they came. */
export const localApp: Builder<LocalAppInput> = (_view, input) => {
  const escaped = input.clusterJson === undefined ? undefined : escapedCluster(input.clusterJson, { name: LOCAL_APP });
  if (escaped && 'any' in escaped) return escaped;
  const { address, port, socketPath, maxConnections } = input;
  const endpoint =
    socketPath === '' ? { socket_address: { address, port_value: port } } : { pipe: { path: socketPath } };
  const any = packAny('envoy.config.cluster.v3.Cluster', {
    name: LOCAL_APP,
    type: clusterType(address, socketPath),
    connect_timeout: durationOf(input.connectTimeoutMs),
    load_assignment: {
      cluster_name: LOCAL_APP,
      endpoints: [{ lb_endpoints: [{ endpoint: { address: endpoint } }] }],
    },
    ...(maxConnections > 0
      ? { circuit_breakers: { thresholds: [{ max_connections: { value: maxConnections } }] } }
      : {}),
    ...(input.http2 ? { typed_extension_protocol_options: { [HTTP_OPTIONS]: sameVersion() } } : {}),
  });
  return { name: LOCAL_APP, any };
};

/** An application that is given by name is looked up by Envoy. */
export function clusterType(address: string, socketPath = ''): 'STATIC' | 'STRICT_DNS' {
  return socketPath !== '' || ipVersion(address) !== undefined ? 'STATIC' : 'STRICT_DNS';
}

const sameVersion = () =>
  packAny(HTTP_OPTIONS, { use_downstream_protocol_config: { http_protocol_options: {}, http2_protocol_options: {} } });
