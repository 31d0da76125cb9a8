export type MeshGatewayMode = '' | 'none' | 'local' | 'remote';
export type ProxyMode = '' | 'direct' | 'transparent';

/** Keys nobody but the user gives a type: consul-behaviour.md 6.13 lists those we read. Kept in the user's spelling. */
export type OpaqueConfig = Readonly<Record<string, unknown>>;

export interface ExposePath {
  readonly listenerPort: number;
  readonly path: string;
  readonly localPathPort: number;
  readonly protocol: string;
  readonly parsedFromCheck: boolean;
}

export interface ExposeSettings {
  readonly checks: boolean;
  readonly paths: readonly ExposePath[];
}

export interface Upstream {
  /** Empty in what came straight into the catalog without one: a service (`callsService`). */
  readonly destinationType: '' | 'service' | 'prepared_query';
  readonly destinationName: string;
  readonly destinationPeer: string;
  readonly datacenter: string;
  readonly localBindAddress: string;
  readonly localBindPort: number;
  readonly localBindSocketPath: string;
  readonly localBindSocketMode: string;
  readonly config: OpaqueConfig;
  readonly meshGateway: { readonly mode: MeshGatewayMode };
  readonly centrallyConfigured?: boolean;
}

/** Whether an upstream leads to a service, not to a prepared query. */
export function callsService({ destinationType }: Pick<Upstream, 'destinationType'>): boolean {
  return destinationType !== 'prepared_query';
}

export interface AccessLogSettings {
  readonly enabled: boolean;
  readonly disableListenerLogs: boolean;
  readonly type: '' | 'file' | 'stderr' | 'stdout';
  readonly path: string;
  readonly jsonFormat: string;
  readonly textFormat: string;
}

export interface EnvoyExtension {
  readonly name: string;
  readonly required: boolean;
  readonly arguments: Readonly<Record<string, unknown>>;
  readonly consulVersion: string;
  readonly envoyVersion: string;
}

/** The `Proxy` block of a connect-proxy registration (consul-behaviour.md 2.4). */
export interface ProxySettings {
  readonly destinationServiceName: string;
  readonly destinationServiceId: string;
  readonly localServiceAddress: string;
  readonly localServicePort: number;
  readonly localServiceSocketPath: string;
  readonly mode: ProxyMode;
  readonly transparentProxy?: { readonly outboundListenerPort: number; readonly dialedDirectly: boolean };
  readonly mutualTlsMode: '' | 'strict' | 'permissive';
  readonly meshGateway: { readonly mode: MeshGatewayMode };
  readonly expose: ExposeSettings;
  readonly config: OpaqueConfig;
  readonly upstreams: readonly Upstream[];
  readonly accessLogs?: AccessLogSettings;
  readonly envoyExtensions?: readonly EnvoyExtension[];
}
