import type { ProxyConfig } from './proxy-config.js';

/** Where the control plane serves xDS. */
export type XdsAddress =
  | { readonly type: 'tcp'; readonly host: string; readonly port: number }
  | { readonly type: 'unix'; readonly path: string };

export interface XdsTls {
  /** CA certificates, PEM, that the server's certificate must come from. */
  readonly caPem: string;
  /** SNI; empty for none. */
  readonly serverName: string;
  /** What a URI SAN of the server must start with; empty when any certificate of the CA will do. */
  readonly identityPrefix: string;
}

/** Everything a bootstrap depends on (consul-behaviour.md 6.14). */
export interface BootstrapInput {
  readonly proxyId: string;
  /** The service that the proxy stands for, or the gateway's own name. */
  readonly cluster: string;
  /** Node of a proxy that is only in the catalog; empty for one of the agent's own. */
  readonly nodeName: string;
  readonly datacenter: string;
  readonly namespace: string;
  readonly partition: string;
  readonly token: string;
  readonly admin: { readonly host: string; readonly port: number; readonly accessLogPath: string };
  readonly xds: { readonly address: XdsAddress; readonly tls?: XdsTls };
  /** Drain time Envoy is started with, in seconds; undefined when somebody else decides. */
  readonly drainTimeS?: number | undefined;
  readonly config: ProxyConfig;
  readonly prometheus: PrometheusOptions;
  readonly ready?: { readonly address: string; readonly port: number } | undefined;
  readonly omitDeprecatedTags: boolean;
}

/** How Envoy's metrics are served to Prometheus, beside `envoy_prometheus_bind_addr`. */
export interface PrometheusOptions {
  /** Port of another process that merges metrics; empty: Envoy's own. */
  readonly backendPort: string;
  readonly scrapePath: string;
  readonly caFile: string;
  readonly caPath: string;
  /** The certificates in `caPath`; empty without one. */
  readonly caPem: string;
  readonly certFile: string;
  readonly keyFile: string;
}
