import {
  decimal,
  duration,
  type Field,
  type FieldsOf,
  flag,
  integer,
  list,
  map,
  named,
  object,
  optional,
  text,
} from '../../model/wire/index.js';
import type { StringMap } from '../../model/index.js';
import { checkedSections, OPTIONS_WITHOUT_EFFECT, type SectionName } from './without-effect.js';

/** An optional section: its fields, and the names that mean nothing here. */
function section<Type extends object>(name: SectionName, fields: FieldsOf<Type>): Field<Type | undefined> {
  return optional(object<Type>(fields, { ignored: OPTIONS_WITHOUT_EFFECT[name] }));
}

/** `acl`. */
export interface AclOptions {
  readonly enabled?: boolean;
  readonly defaultPolicy?: string;
  readonly downPolicy?: string;
  readonly enableTokenPersistence?: boolean;
  readonly tokens?: TokenOptions;
}

/** `acl.tokens`: secrets. */
export interface TokenOptions {
  readonly initialManagement?: string;
  readonly agentRecovery?: string;
  readonly default?: string;
  readonly agent?: string;
  readonly configFileServiceRegistration?: string;
  readonly dns?: string;
  readonly replication?: string;
}

/** `addresses`: each may name several, separated by spaces. */
export interface AddressOptions {
  readonly dns?: string;
  readonly http?: string;
  readonly https?: string;
  readonly grpc?: string;
  readonly grpcTls?: string;
}

/** `auto_encrypt`. */
export interface AutoEncryptOptions {
  readonly allowTls?: boolean;
  readonly dnsSan?: readonly string[];
  readonly ipSan?: readonly string[];
  readonly tls?: boolean;
}

/** `http_config`. */
export interface HttpOptions {
  readonly allowWriteHttpFrom?: readonly string[];
  readonly blockEndpoints?: readonly string[];
  readonly maxHeaderBytes?: number;
  readonly responseHeaders?: StringMap;
  readonly useCache?: boolean;
}

/** `join`: how a client agent shows that it may join. An addition of ours. */
export interface JoinOptions {
  readonly token?: string;
  readonly tokenFile?: string;
}

/** `limits`. */
export interface LimitOptions {
  readonly httpMaxConnsPerClient?: number;
  readonly httpsHandshakeTimeoutMs?: number;
  readonly kvMaxValueSize?: number;
  readonly rpcHandshakeTimeoutMs?: number;
  readonly rpcMaxConnsPerClient?: number;
  readonly requestLimits?: { readonly mode?: string; readonly readRate?: number; readonly writeRate?: number };
  readonly txnMaxReqLen?: number;
}

/** `performance`. */
export interface PerformanceOptions {
  readonly leaveDrainTimeMs?: number;
}

/** `ports`. */
export interface PortOptions {
  readonly dns?: number;
  readonly exposeMinPort?: number;
  readonly exposeMaxPort?: number;
  readonly grpc?: number;
  readonly grpcTls?: number;
  readonly http?: number;
  readonly https?: number;
  readonly serfLan?: number;
  readonly serfWan?: number;
  readonly server?: number;
  readonly sidecarMinPort?: number;
  readonly sidecarMaxPort?: number;
}

/** `ui_config`. */
export interface UiOptions {
  readonly metricsProvider?: string;
  readonly metricsProxy?: {
    readonly baseUrl?: string;
    readonly pathAllowlist?: readonly string[];
    readonly addHeaders?: readonly HeaderOption[];
  };
}

interface HeaderOption {
  readonly name: string;
  readonly value: string;
}

/** `telemetry`. */
export interface TelemetryOptions {
  readonly disableHostname?: boolean;
  readonly dogstatsdAddr?: string;
  readonly dogstatsdTags?: readonly string[];
  readonly enableHostMetrics?: boolean;
  readonly filterDefault?: boolean;
  readonly metricsPrefix?: string;
  readonly prefixFilter?: readonly string[];
  readonly prometheusRetentionTimeMs?: number;
  readonly statsdAddress?: string;
  readonly statsiteAddress?: string;
}

/** One listener's part of `tls`. */
export interface TlsOptions {
  readonly caFile?: string;
  readonly caPath?: string;
  readonly certFile?: string;
  readonly keyFile?: string;
  readonly tlsCipherSuites?: string;
  readonly tlsMinVersion?: string;
  readonly verifyIncoming?: boolean;
}

/** `tls`. */
export interface TlsSections {
  readonly defaults?: TlsOptions;
  readonly grpc?: TlsOptions;
  readonly https?: TlsOptions;
  readonly internalRpc?: TlsOptions;
}

/** `unix_sockets`. */
export interface UnixSocketOptions {
  readonly user?: string;
  readonly group?: string;
  readonly mode?: string;
}

const port = (): Field<number | undefined> => optional(integer());
const words = (): Field<string | undefined> => optional(text());

const tlsFields: FieldsOf<TlsOptions> = {
  caFile: words(),
  caPath: words(),
  certFile: words(),
  keyFile: words(),
  tlsCipherSuites: words(),
  tlsMinVersion: words(),
  verifyIncoming: optional(flag()),
};

/** The sections of a configuration file that are flat (consul-behaviour 3.1, 3.2). */
export const optionSections = {
  acl: section<AclOptions>('acl', {
    enabled: optional(flag()),
    defaultPolicy: words(),
    downPolicy: words(),
    enableTokenPersistence: optional(flag()),
    tokens: section<TokenOptions>('acl.tokens', {
      initialManagement: optional(named('InitialManagement', text(), ['master'])),
      agentRecovery: optional(named('AgentRecovery', text(), ['agent_master'])),
      default: words(),
      agent: words(),
      configFileServiceRegistration: optional(
        named('ConfigFileServiceRegistration', text(), ['config_file_registration']),
      ),
      dns: words(),
      replication: words(),
    }),
  }),
  addresses: section<AddressOptions>('addresses', {
    dns: words(),
    http: words(),
    https: words(),
    grpc: words(),
    grpcTls: words(),
  }),
  autoEncrypt: optional(
    object<AutoEncryptOptions>({
      allowTls: optional(flag()),
      dnsSan: optional(list(text())),
      ipSan: optional(list(text())),
      tls: optional(flag()),
    }),
  ),
  httpConfig: section<HttpOptions>('http_config', {
    allowWriteHttpFrom: optional(list(text())),
    blockEndpoints: optional(list(text())),
    maxHeaderBytes: optional(integer()),
    responseHeaders: optional(map(text())),
    useCache: optional(flag()),
  }),
  join: optional(object<JoinOptions>({ token: words(), tokenFile: words() })),
  limits: section<LimitOptions>('limits', {
    httpMaxConnsPerClient: optional(integer()),
    httpsHandshakeTimeoutMs: optional(duration()),
    kvMaxValueSize: optional(integer()),
    requestLimits: optional(
      object<NonNullable<LimitOptions['requestLimits']>>({
        mode: optional(text({ lowerCase: true })),
        readRate: optional(decimal()),
        writeRate: optional(decimal()),
      }),
    ),
    rpcHandshakeTimeoutMs: optional(duration()),
    rpcMaxConnsPerClient: optional(integer()),
    txnMaxReqLen: optional(integer()),
  }),
  performance: section<PerformanceOptions>('performance', { leaveDrainTimeMs: optional(duration()) }),
  ports: section<PortOptions>('ports', {
    dns: port(),
    exposeMinPort: port(),
    exposeMaxPort: port(),
    grpc: port(),
    grpcTls: port(),
    http: port(),
    https: port(),
    serfLan: port(),
    serfWan: port(),
    server: port(),
    sidecarMinPort: port(),
    sidecarMaxPort: port(),
  }),
  telemetry: section<TelemetryOptions>('telemetry', {
    disableHostname: optional(flag()),
    dogstatsdAddr: words(),
    dogstatsdTags: optional(list(text())),
    enableHostMetrics: optional(flag()),
    filterDefault: optional(flag()),
    metricsPrefix: words(),
    prefixFilter: optional(list(text())),
    prometheusRetentionTimeMs: optional(duration()),
    statsdAddress: words(),
    statsiteAddress: words(),
  }),
  tls: optional(
    object<TlsSections>(
      {
        defaults: section<TlsOptions>('tls.defaults', tlsFields),
        grpc: section<TlsOptions>('tls.grpc', tlsFields),
        https: section<TlsOptions>('tls.https', tlsFields),
        internalRpc: section<TlsOptions>('tls.internal_rpc', tlsFields),
      },
      { checked: checkedSections('tls') },
    ),
  ),
  uiConfig: section<UiOptions>('ui_config', {
    metricsProvider: words(),
    metricsProxy: optional(
      object<NonNullable<UiOptions['metricsProxy']>>({
        baseUrl: words(),
        pathAllowlist: optional(list(text())),
        addHeaders: optional(list(object<HeaderOption>({ name: text(), value: text() }))),
      }),
    ),
  }),
  unixSockets: optional(object<UnixSocketOptions>({ user: words(), group: words(), mode: words() })),
} as const;
