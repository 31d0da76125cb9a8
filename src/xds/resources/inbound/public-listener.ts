import { entryOf } from '../../../mesh/discovery-chain/index.js';
import { type ProxyReference, type ResolvedProxy, proxyKey, resolvedProxyCell } from '../../../mesh/proxy/index.js';
import type { MeshEntry } from '../../../model/index.js';
import { type EnvoyMessages, packAny } from '../../envoy-api/index.js';
import { filterAccessLogs, listenerAccessLogs } from '../access-logs.js';
import {
  type Authorization,
  authorizationFilters,
  authorizationOf,
  authorizationReferences,
} from '../authorization/authorization-filters.js';
import type { Builder } from '../builder.js';
import { connectionLimitFilters } from './connection-limit.js';
import { configNumber, configText, positiveConfigNumber } from '../opaque-config.js';
import { headerToMetadataFilter } from '../authorization/header-to-metadata.js';
import { type NamedFilter, httpConnectionManager, routeTimeouts } from '../http-connection-manager.js';
import { limitedRoutes, rateLimitFilters } from './local-rate-limit.js';
import { inboundChains, permissiveFields, permissiveProblem } from './permissive.js';
import { type EscapedListener, escapedPublicListener, securedListener } from './public-listener-escape.js';
import type { RbacLayer } from '../authorization/rbac.js';
import { rbacLayerOf } from '../authorization/rbac-filter.js';
import { LEAF_SECRET, ROOTS_SECRET } from '../spec.js';
import { downstreamTlsSocket } from '../secrets/tls.js';
import { tracingOf } from '../tracing.js';

type Listener = EnvoyMessages['envoy.config.listener.v3.Listener'];
type FilterChain = NonNullable<Listener['filter_chains']>[number];

const STAT_PREFIX = 'public_listener';

/** The listener that other proxies call: mutual TLS, intentions, then the application (consul-behaviour 6.3). */
export const publicListener: Builder<ProxyReference> = (view, reference) => {
  const proxy = view.cell(resolvedProxyCell, proxyKey(reference));
  if (proxy === undefined) return undefined;
  const mesh = entryOf(view, 'mesh', 'mesh');
  const name = publicListenerName(proxy);
  const tls = downstreamTlsSocket(proxy.protocol, mesh?.tls?.incoming);
  const escaped = escapedListenerOf(proxy);
  const layers = publicListenerRbacLayers(proxy);
  const authorization = authorizationOf(view, proxy.service, layers);
  const listener = escaped
    ? { ...securedListener(escaped, tls, mesh, authorization), name }
    : { ...ownListener(proxy, { filters: inboundFilters(proxy, mesh, authorization), transport_socket: tls }), name };
  return {
    name,
    any: packAny('envoy.config.listener.v3.Listener', listener),
    references: [
      ...layers.flatMap((layer) => authorizationReferences(layer, authorization)),
      { type: 'secret', name: LEAF_SECRET },
      { type: 'secret', name: ROOTS_SECRET },
    ],
    entries: [...proxy.entries, ...(mesh ? ['mesh/mesh'] : [])],
  };
};

/** `public_listener:<address>:<port>`, or the name that the user's own listener has. */
export function publicListenerName(proxy: ResolvedProxy): string {
  const { address, port } = publicAddress(proxy);
  return escapedListenerOf(proxy)?.message.name || `public_listener:${address}:${port}`;
}

/** Which RBAC resources a proxy's public listener asks for. */
export function publicListenerRbacLayers(proxy: ResolvedProxy): readonly RbacLayer[] {
  return escapedListenerOf(proxy)?.layers ?? [rbacLayerOf(proxy.protocol)];
}

/** What of a proxy's configuration is left out of its public listener, as sentences. */
export function publicListenerProblems(proxy: ResolvedProxy): readonly string[] {
  const { config, protocol, rateLimits, service } = proxy;
  const escaped = escapedPublicListener(configText(config, 'envoy_public_listener_json'), protocol);
  const unusable = escaped && 'problem' in escaped ? escaped.problem : undefined;
  const tracing = tracingOf(configText(config, 'envoy_listener_tracing_json'));
  const isReplaced = escaped !== undefined && 'message' in escaped;
  const unlimited =
    isReplaced && rateLimits
      ? `RateLimits of service "${service}" have no effect: envoy_public_listener_json takes the place of the listener`
      : undefined;
  const permissive = permissiveProblem(proxy, isReplaced);
  return [unusable, unlimited, tracing.problem, permissive].filter((problem) => problem !== undefined);
}

/** Where a proxy takes connections: `bind_address` and `bind_port` before its registration, else every address. */
function publicAddress(proxy: ResolvedProxy): { readonly address: string; readonly port: number } {
  return {
    address: configText(proxy.config, 'bind_address') || proxy.address || '0.0.0.0',
    port: positiveConfigNumber(proxy.config, 'bind_port') ?? proxy.port,
  };
}

/** The user's own listener, when there is one that can be used. */
function escapedListenerOf({ config, protocol }: ResolvedProxy): EscapedListener | undefined {
  const escaped = escapedPublicListener(configText(config, 'envoy_public_listener_json'), protocol);
  return escaped && 'message' in escaped ? escaped : undefined;
}

/** What stands outside the chain follows from the registration only: a change there drains every connection. */
function ownListener(proxy: ResolvedProxy, chain: FilterChain): Listener {
  const { address, port } = publicAddress(proxy);
  return {
    address: { socket_address: { address, port_value: port } },
    traffic_direction: 'INBOUND',
    filter_chains: inboundChains(proxy, chain, STAT_PREFIX),
    ...permissiveFields(proxy),
    access_log: listenerAccessLogs(proxy.accessLogs),
    ...(configText(proxy.config, 'balance_inbound_connections') === 'exact_balance'
      ? { connection_balance_config: { exact_balance: {} } }
      : {}),
  };
}

function inboundFilters(
  proxy: ResolvedProxy,
  mesh: MeshEntry | undefined,
  authorization: Authorization,
): NonNullable<FilterChain['filters']> {
  const limits = connectionLimitFilters(proxy.config);
  if (rbacLayerOf(proxy.protocol) === 'http') return [...limits, requestFilter(proxy, mesh, authorization)];
  return [...authorizationFilters('network', authorization), ...limits, connectionFilter(proxy)];
}

function connectionFilter(proxy: ResolvedProxy): NamedFilter {
  return {
    name: 'envoy.filters.network.tcp_proxy',
    typed_config: packAny('envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy', {
      stat_prefix: STAT_PREFIX,
      cluster: 'local_app',
      access_log: filterAccessLogs(proxy.accessLogs),
    }),
  };
}

function requestFilter(proxy: ResolvedProxy, mesh: MeshEntry | undefined, authorization: Authorization): NamedFilter {
  const forwardsCertificates = proxy.protocol !== 'grpc' && mesh?.http?.sanitizeXForwardedClientCert !== true;
  return httpConnectionManager({
    statPrefix: STAT_PREFIX,
    protocol: proxy.protocol,
    routes: { type: 'inline', routeConfig: applicationRoutes(proxy) },
    filters: [
      ...authorizationFilters('http', authorization),
      ...rateLimitFilters(proxy.rateLimits, proxy.protocol),
      ...(forwardsCertificates ? [headerToMetadataFilter()] : []),
    ],
    accessLogs: proxy.accessLogs,
    tracingJson: configText(proxy.config, 'envoy_listener_tracing_json'),
    inbound: {
      forwardClientCertificate: forwardsCertificates,
      normalization: mesh?.http?.incoming?.requestNormalization,
    },
  });
}

function applicationRoutes({ config, protocol, rateLimits }: ResolvedProxy) {
  const timeouts = routeTimeouts(
    configNumber(config, 'local_request_timeout_ms'),
    configNumber(config, 'local_idle_timeout_ms'),
  );
  const route = { cluster: 'local_app', ...timeouts };
  return {
    name: STAT_PREFIX,
    virtual_hosts: [
      {
        name: STAT_PREFIX,
        domains: ['*'],
        routes: [...limitedRoutes(rateLimits, protocol, route), { match: { prefix: '/' }, route }],
      },
    ],
  };
}
