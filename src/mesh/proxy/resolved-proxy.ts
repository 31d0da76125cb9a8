import type {
  AccessLogSettings,
  ExposeSettings,
  Locality,
  MeshGatewayMode,
  OpaqueConfig,
  PassiveHealthCheck,
  ProxySettings,
  RateLimits,
  UpstreamLimits,
} from '../../model/index.js';

/** A sidecar's registration merged with central configuration (consul-behaviour 2.4): what its resources are built from. */
export interface ResolvedProxy {
  readonly node: string;
  readonly proxyId: string;
  readonly datacenter: string;
  /** Name of the service it speaks for. */
  readonly service: string;
  /** Address of the proxy's registration, empty when it has none; then listeners bind to 0.0.0.0. */
  readonly address: string;
  readonly port: number;
  /** Of the local service: tcp, http, http2 or grpc. */
  readonly protocol: string;
  /** proxy-defaults < service-defaults < registration, keys in the user's spelling. */
  readonly config: OpaqueConfig;
  /** The registration's settings with mode, expose, access logs and extensions filled in. */
  readonly settings: ProxySettings;
  readonly expose: ExposeSettings;
  readonly accessLogs: AccessLogSettings | undefined;
  /** Its Envoy 1.x has this minor version and knows less than the newest; absent in the cell, which knows of no Envoy. */
  readonly formatsUpTo?: number;
  /** The formats of `accessLogs` are left out, because its Envoy does not know them. */
  readonly plainLogs?: true;
  /** Of the registration, else of its node; absent = not known. */
  readonly locality?: Locality;
  /** Its node or itself has an IPv6 address: applications there make connections of that family, too. */
  readonly ipv6?: true;
  /** Of its service. */
  readonly rateLimits?: RateLimits;
  /** The mesh gateway mode of the registration alone. */
  readonly ownMeshGatewayMode: MeshGatewayMode;
  /** The registration asks for permissive mutual TLS, which the mesh does not allow. */
  readonly permissiveRefused?: true;
  /** Entries that took part, `kind/name`. */
  readonly entries: readonly string[];
}

/** One explicit upstream with its merged configuration. */
export interface ResolvedUpstream {
  /** `name`, `name?dc=dc2`; names listeners and route configurations. */
  readonly id: string;
  readonly destinationType: 'service' | 'prepared_query';
  readonly destinationName: string;
  readonly datacenter: string;
  /** Name of the peer that has the service; empty = this mesh. */
  readonly peer: string;
  readonly bindAddress: string;
  readonly bindPort: number;
  readonly bindSocketPath: string;
  readonly bindSocketMode: string;
  readonly protocol: string;
  /** 0 = not given. */
  readonly connectTimeoutMs: number;
  readonly meshGatewayMode: MeshGatewayMode;
  readonly limits: UpstreamLimits;
  readonly passiveHealthCheck: PassiveHealthCheck | undefined;
  readonly balanceOutboundConnections: string;
  readonly envoyListenerJson: string;
  readonly envoyClusterJson: string;
  /** The entry that these come from, `kind/name`; absent when the registration has one, or there are none. */
  readonly escapesFrom?: string;
}
