import type { RequestNormalization } from '../../model/config-entries/mesh.js';
import type { AccessLogSettings } from '../../model/index.js';
import { type EnvoyMessages, type PackedAny, packAny } from '../envoy-api/index.js';
import { filterAccessLogs } from './access-logs.js';
import { durationOf, fetchSource } from './config-sources.js';
import { tracingOf } from './tracing.js';

type Manager = EnvoyMessages['envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager'];

type HttpFilter = NonNullable<Manager['http_filters']>[number];
type RouteConfiguration = EnvoyMessages['envoy.config.route.v3.RouteConfiguration'];

/** A filter with its configuration, as it stands in a chain. */
export interface NamedFilter {
  readonly name: string;
  readonly typed_config: PackedAny;
}

export interface HttpConnectionManagerInput {
  readonly statPrefix: string;
  /** http, http2 or grpc. */
  readonly protocol: string;
  readonly routes:
    | { readonly type: 'rds'; readonly name: string; readonly fetchTimeoutMs?: number | undefined }
    | { readonly type: 'inline'; readonly routeConfig: RouteConfiguration };
  /** Filters between those of the protocol and the router, in order. */
  readonly filters: readonly HttpFilter[];
  readonly accessLogs?: AccessLogSettings | undefined;
  /** `envoy_listener_tracing_json`; without it, or when it cannot be read, no request is sampled. */
  readonly tracingJson?: string | undefined;
  /** Listeners that take requests from other proxies. */
  readonly inbound?: InboundOptions | undefined;
}

/** What is done to a request from outside before any filter sees it (consul-behaviour 6.3). */
export interface InboundOptions {
  /** Appends the caller's certificate to `x-forwarded-client-cert` and passes it on; else the header is removed. */
  readonly forwardClientCertificate: boolean;
  /** Of the mesh entry; undefined = only paths are normalised. */
  readonly normalization?: RequestNormalization | undefined;
}

const HTTP_CONNECTION_MANAGER = 'envoy.filters.network.http_connection_manager';
const HTTP_ROUTER = 'envoy.filters.http.router';

const router = (): NamedFilter => ({
  name: HTTP_ROUTER,
  typed_config: packAny('envoy.extensions.filters.http.router.v3.Router', {}),
});

/** The filter that turns a connection into requests and routes them (consul-behaviour 6.2), for either direction. */
export function httpConnectionManager(input: HttpConnectionManagerInput): NamedFilter {
  return {
    name: HTTP_CONNECTION_MANAGER,
    typed_config: packAny('envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager', {
      codec_type: 'AUTO',
      stat_prefix: input.statPrefix,
      rds: fetchedRoutes(input.routes),
      route_config: input.routes.type === 'inline' ? input.routes.routeConfig : undefined,
      http_filters: [...protocolFilters(input.protocol), ...input.filters, router()],
      tracing: tracingOf(input.tracingJson).tracing,
      http2_protocol_options: input.protocol === 'http2' || input.protocol === 'grpc' ? {} : undefined,
      access_log: filterAccessLogs(input.accessLogs),
      upgrade_configs: [{ upgrade_type: 'websocket' }],
      ...(input.inbound ? inboundFields(input.inbound) : undefined),
    }),
  };
}

function fetchedRoutes(routes: HttpConnectionManagerInput['routes']): Manager['rds'] {
  if (routes.type === 'inline') return undefined;
  return { route_config_name: routes.name, config_source: fetchSource(routes.fetchTimeoutMs) };
}

/** gRPC: statistics by method, and HTTP/1 callers (consul-behaviour 6.2). */
function protocolFilters(protocol: string): readonly NamedFilter[] {
  if (protocol !== 'grpc') return [];
  return [
    {
      name: 'envoy.filters.http.grpc_stats',
      typed_config: packAny('envoy.extensions.filters.http.grpc_stats.v3.FilterConfig', {
        stats_for_all_methods: { value: true },
      }),
    },
    {
      name: 'envoy.filters.http.grpc_http1_bridge',
      typed_config: packAny('envoy.extensions.filters.http.grpc_http1_bridge.v3.Config', {}),
    },
  ];
}

function inboundFields({ forwardClientCertificate, normalization }: InboundOptions): Partial<Manager> {
  return {
    ...(forwardClientCertificate
      ? {
          forward_client_cert_details: 'APPEND_FORWARD',
          set_current_client_cert_details: { subject: { value: true }, cert: true, chain: true, dns: true, uri: true },
        }
      : {}),
    ...normalizationFields(normalization),
  };
}

/** What is done to paths and header names before anything is judged by them; paths are normalised unless the mesh forbids it. */
export function normalizationFields(normalization: RequestNormalization | undefined): Partial<Manager> {
  return {
    ...(normalization?.insecureDisablePathNormalization ? {} : { normalize_path: { value: true } }),
    ...(normalization?.mergeSlashes ? { merge_slashes: true } : {}),
    ...escapedSlashes(normalization?.pathWithEscapedSlashesAction),
    ...underscores(normalization?.headersWithUnderscoresAction),
  };
}

function escapedSlashes(action: string | undefined): Partial<Manager> {
  return action
    ? { path_with_escaped_slashes_action: action as Manager['path_with_escaped_slashes_action'] & string }
    : {};
}

function underscores(action: string | undefined): Partial<Manager> {
  type Action = NonNullable<NonNullable<Manager['common_http_protocol_options']>['headers_with_underscores_action']>;
  return action ? { common_http_protocol_options: { headers_with_underscores_action: action as Action } } : {};
}

/** How long a route waits for its answer, and how long it may be silent; absent or negative = Envoy's defaults (15 s, 5 min). */
export function routeTimeouts(timeoutMs: number | undefined, idleTimeoutMs: number | undefined) {
  return {
    ...(timeoutMs === undefined || timeoutMs < 0 ? {} : { timeout: durationOf(timeoutMs) }),
    ...(idleTimeoutMs === undefined || idleTimeoutMs < 0 ? {} : { idle_timeout: durationOf(idleTimeoutMs) }),
  };
}
