import { type Field, always, duration, integer, list, object, opaque, optional, text } from '../wire/index.js';
import type { StringMap } from '../records/common.js';
import type { EnvoyExtension, ExposeSettings, MeshGatewayMode, OpaqueConfig, ProxyMode } from '../records/proxy.js';
import {
  type MutualTlsMode,
  type TransparentProxySettings,
  envoyExtensionsField,
  exposeField,
  ignoredFields,
  kindField,
  meshGatewayField,
  metaField,
  mutualTlsModeField,
  nameField,
  proxyModeField,
  transparentProxyField,
} from './shared-fields.js';

/** Defaults for one service's instances and for those who call it (consul-behaviour 4.1). */
export interface ServiceDefaultsEntry {
  readonly kind: 'service-defaults';
  readonly name: string;
  /** Lower case: `tcp`, `http`, `http2`, `grpc`; empty = the global default. */
  readonly protocol: string;
  readonly mode: ProxyMode;
  readonly transparentProxy: TransparentProxySettings;
  readonly mutualTlsMode: MutualTlsMode;
  readonly meshGateway: { readonly mode: MeshGatewayMode };
  readonly expose: ExposeSettings;
  /** The service is outside the mesh behind a gateway; sent as SNI verbatim. */
  readonly externalSni: string;
  readonly upstreamConfig?: UpstreamConfiguration;
  readonly destination?: ServiceDestination;
  readonly maxInboundConnections: number;
  readonly localConnectTimeoutMs: number;
  readonly localRequestTimeoutMs: number;
  readonly balanceInboundConnections: string;
  readonly rateLimits?: OpaqueConfig;
  readonly envoyExtensions: readonly EnvoyExtension[];
  readonly meta: StringMap;
}

/** How this service's proxies treat their upstreams: defaults, and what differs for some. */
export interface UpstreamConfiguration {
  readonly overrides: readonly UpstreamConfig[];
  readonly defaults?: UpstreamConfig;
}

/** Settings of one upstream, or of all (`name` empty). `connectTimeoutMs` 0 = not given. */
export interface UpstreamConfig {
  readonly name: string;
  readonly namespace: string;
  readonly partition: string;
  readonly peer: string;
  readonly envoyListenerJson: string;
  readonly envoyClusterJson: string;
  readonly protocol: string;
  readonly connectTimeoutMs: number;
  readonly limits?: UpstreamLimits;
  readonly passiveHealthCheck?: PassiveHealthCheck;
  readonly meshGateway: { readonly mode: MeshGatewayMode };
  readonly balanceOutboundConnections: string;
}

/** Circuit breaker thresholds; absent = Envoy's default, 0 = nothing allowed. */
export interface UpstreamLimits {
  readonly maxConnections?: number;
  readonly maxPendingRequests?: number;
  readonly maxConcurrentRequests?: number;
}

/** Outlier detection; absent fields = Envoy's defaults. */
export interface PassiveHealthCheck {
  readonly intervalMs: number;
  readonly maxFailures: number;
  readonly enforcingConsecutive5xx?: number;
  readonly maxEjectionPercent?: number;
  readonly baseEjectionTimeMs?: number;
}

/** Addresses outside the mesh that a terminating gateway reaches for this service. */
export interface ServiceDestination {
  readonly addresses: readonly string[];
  readonly port: number;
}

export const upstreamLimitsField: Field<UpstreamLimits> = object<UpstreamLimits>({
  maxConnections: optional(integer()),
  maxPendingRequests: optional(integer()),
  maxConcurrentRequests: optional(integer()),
});

export const passiveHealthCheckField: Field<PassiveHealthCheck> = object<PassiveHealthCheck>({
  intervalMs: duration({ shownAs: 'nanoseconds' }),
  maxFailures: integer({ unsigned32: true }),
  enforcingConsecutive5xx: optional(integer({ unsigned32: true })),
  maxEjectionPercent: optional(integer({ unsigned32: true })),
  baseEjectionTimeMs: optional(duration({ shownAs: 'nanoseconds' })),
});

export const upstreamConfigField: Field<UpstreamConfig> = object<UpstreamConfig>({
  name: text(),
  namespace: text(),
  partition: text(),
  peer: always(text()),
  envoyListenerJson: text(),
  envoyClusterJson: text(),
  protocol: text({ lowerCase: true }),
  connectTimeoutMs: integer(),
  limits: optional(upstreamLimitsField),
  passiveHealthCheck: optional(passiveHealthCheckField),
  meshGateway: meshGatewayField,
  balanceOutboundConnections: text(),
});

export const schema: Field<ServiceDefaultsEntry> = object<ServiceDefaultsEntry>(
  {
    kind: kindField('service-defaults'),
    name: nameField,
    protocol: always(text({ lowerCase: true })),
    mode: proxyModeField,
    transparentProxy: transparentProxyField,
    mutualTlsMode: mutualTlsModeField,
    meshGateway: meshGatewayField,
    expose: exposeField,
    externalSni: text(),
    upstreamConfig: optional(
      object<UpstreamConfiguration>({
        overrides: list(upstreamConfigField),
        defaults: optional(upstreamConfigField),
      }),
    ),
    destination: optional(object<ServiceDestination>({ addresses: list(text()), port: integer() })),
    maxInboundConnections: integer(),
    localConnectTimeoutMs: integer(),
    localRequestTimeoutMs: integer(),
    balanceInboundConnections: text(),
    rateLimits: optional(opaque()),
    envoyExtensions: envoyExtensionsField,
    meta: metaField,
  },
  { ignored: ignoredFields },
);
