import type { AccessLog } from './generated/envoy/config/accesslog/v3/AccessLog.js';
import type { Cluster } from './generated/envoy/config/cluster/v3/Cluster.js';
import type { TypedExtensionConfig } from './generated/envoy/config/core/v3/TypedExtensionConfig.js';
import type { ClusterLoadAssignment } from './generated/envoy/config/endpoint/v3/ClusterLoadAssignment.js';
import type { Listener } from './generated/envoy/config/listener/v3/Listener.js';
import type { RouteConfiguration } from './generated/envoy/config/route/v3/RouteConfiguration.js';
import type { FileAccessLog } from './generated/envoy/extensions/access_loggers/file/v3/FileAccessLog.js';
import type { StderrAccessLog } from './generated/envoy/extensions/access_loggers/stream/v3/StderrAccessLog.js';
import type { StdoutAccessLog } from './generated/envoy/extensions/access_loggers/stream/v3/StdoutAccessLog.js';
import type { ClusterConfig as AggregateCluster } from './generated/envoy/extensions/clusters/aggregate/v3/ClusterConfig.js';
import type { Config as GrpcHttp1Bridge } from './generated/envoy/extensions/filters/http/grpc_http1_bridge/v3/Config.js';
import type { FilterConfig as GrpcStats } from './generated/envoy/extensions/filters/http/grpc_stats/v3/FilterConfig.js';
import type { Config as HeaderToMetadata } from './generated/envoy/extensions/filters/http/header_to_metadata/v3/Config.js';
import type { Lua } from './generated/envoy/extensions/filters/http/lua/v3/Lua.js';
import type { RBAC as HttpRbac } from './generated/envoy/extensions/filters/http/rbac/v3/RBAC.js';
import type { Router } from './generated/envoy/extensions/filters/http/router/v3/Router.js';
import type { OriginalDst } from './generated/envoy/extensions/filters/listener/original_dst/v3/OriginalDst.js';
import type { TlsInspector } from './generated/envoy/extensions/filters/listener/tls_inspector/v3/TlsInspector.js';
import type { ConnectionLimit } from './generated/envoy/extensions/filters/network/connection_limit/v3/ConnectionLimit.js';
import type { HttpConnectionManager } from './generated/envoy/extensions/filters/network/http_connection_manager/v3/HttpConnectionManager.js';
import type { RBAC as NetworkRbac } from './generated/envoy/extensions/filters/network/rbac/v3/RBAC.js';
import type { TcpProxy } from './generated/envoy/extensions/filters/network/tcp_proxy/v3/TcpProxy.js';
import type { DownstreamTlsContext } from './generated/envoy/extensions/transport_sockets/tls/v3/DownstreamTlsContext.js';
import type { Secret } from './generated/envoy/extensions/transport_sockets/tls/v3/Secret.js';
import type { UpstreamTlsContext } from './generated/envoy/extensions/transport_sockets/tls/v3/UpstreamTlsContext.js';
import type { HttpProtocolOptions } from './generated/envoy/extensions/upstreams/http/v3/HttpProtocolOptions.js';

/** The messages we build, by the full name of their type: what `packAny` accepts. */
export interface EnvoyMessages {
  'envoy.config.accesslog.v3.AccessLog': AccessLog;
  'envoy.config.cluster.v3.Cluster': Cluster;
  'envoy.config.core.v3.TypedExtensionConfig': TypedExtensionConfig;
  'envoy.config.endpoint.v3.ClusterLoadAssignment': ClusterLoadAssignment;
  'envoy.config.listener.v3.Listener': Listener;
  'envoy.config.route.v3.RouteConfiguration': RouteConfiguration;
  'envoy.extensions.access_loggers.file.v3.FileAccessLog': FileAccessLog;
  'envoy.extensions.access_loggers.stream.v3.StderrAccessLog': StderrAccessLog;
  'envoy.extensions.access_loggers.stream.v3.StdoutAccessLog': StdoutAccessLog;
  'envoy.extensions.clusters.aggregate.v3.ClusterConfig': AggregateCluster;
  'envoy.extensions.filters.http.grpc_http1_bridge.v3.Config': GrpcHttp1Bridge;
  'envoy.extensions.filters.http.grpc_stats.v3.FilterConfig': GrpcStats;
  'envoy.extensions.filters.http.header_to_metadata.v3.Config': HeaderToMetadata;
  'envoy.extensions.filters.http.lua.v3.Lua': Lua;
  'envoy.extensions.filters.http.rbac.v3.RBAC': HttpRbac;
  'envoy.extensions.filters.http.router.v3.Router': Router;
  'envoy.extensions.filters.listener.original_dst.v3.OriginalDst': OriginalDst;
  'envoy.extensions.filters.listener.tls_inspector.v3.TlsInspector': TlsInspector;
  'envoy.extensions.filters.network.connection_limit.v3.ConnectionLimit': ConnectionLimit;
  'envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager': HttpConnectionManager;
  'envoy.extensions.filters.network.rbac.v3.RBAC': NetworkRbac;
  'envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy': TcpProxy;
  'envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext': DownstreamTlsContext;
  'envoy.extensions.transport_sockets.tls.v3.Secret': Secret;
  'envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext': UpstreamTlsContext;
  'envoy.extensions.upstreams.http.v3.HttpProtocolOptions': HttpProtocolOptions;
}

export type EnvoyTypeName = keyof EnvoyMessages;
