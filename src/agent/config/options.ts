import type { Locality, StringMap } from '../../model/index.js';
import {
  duration,
  type Field,
  flag,
  integer,
  list,
  map,
  named,
  object,
  opaque,
  optional,
  text,
} from '../../model/wire/index.js';
import { OPTIONS_WITHOUT_EFFECT } from './without-effect.js';

/** What one source (a file, the flags) says about the agent. Everything is optional; sources are merged. */
export interface AgentOptions {
  readonly acl?: { readonly enabled?: boolean; readonly defaultPolicy?: string };
  readonly addresses?: {
    readonly dns?: string;
    readonly http?: string;
    readonly grpc?: string;
    readonly grpcTls?: string;
  };
  readonly advertiseAddr?: string;
  readonly allowPlaintextSecrets?: boolean;
  readonly altDomain?: string;
  readonly bindAddr?: string;
  readonly check?: readonly Readonly<Record<string, unknown>>[];
  readonly checkOutputMaxSize?: number;
  readonly checkUpdateIntervalMs?: number;
  readonly checks?: readonly Readonly<Record<string, unknown>>[];
  readonly clientAddr?: string;
  readonly configEntries?: { readonly bootstrap?: readonly Readonly<Record<string, unknown>>[] };
  readonly connect?: { readonly enabled?: boolean; readonly caProvider?: string; readonly caConfig?: CaOptions };
  readonly dataDir?: string;
  readonly datacenter?: string;
  readonly defaultIntentionPolicy?: string;
  readonly defaultQueryTimeMs?: number;
  readonly devMode?: boolean;
  readonly disableCoordinates?: boolean;
  readonly disableHttpUnprintableCharFilter?: boolean;
  readonly discoveryMaxStaleMs?: number;
  readonly dnsConfig?: DnsOptions;
  readonly domain?: string;
  readonly httpConfig?: {
    readonly allowWriteHttpFrom?: readonly string[];
    readonly blockEndpoints?: readonly string[];
    readonly responseHeaders?: StringMap;
  };
  readonly limits?: {
    readonly httpMaxConnsPerClient?: number;
    readonly kvMaxValueSize?: number;
    readonly txnMaxReqLen?: number;
  };
  readonly locality?: Locality;
  readonly logJson?: boolean;
  readonly logLevel?: string;
  readonly maxQueryTimeMs?: number;
  readonly nodeId?: string;
  readonly nodeMeta?: StringMap;
  readonly nodeName?: string;
  readonly ports?: PortOptions;
  readonly primaryDatacenter?: string;
  readonly sessionTtlMinMs?: number;
  readonly recursors?: readonly string[];
  readonly server?: boolean;
  readonly service?: readonly Readonly<Record<string, unknown>>[];
  readonly state?: StateOptions;
  readonly services?: readonly Readonly<Record<string, unknown>>[];
  readonly taggedAddresses?: StringMap;
}

/** `state`: where the state is kept. An addition of ours. */
export interface StateOptions {
  readonly backend?: string;
  readonly verifyIntervalMs?: number;
  readonly etcd?: {
    readonly endpoints?: readonly string[];
    readonly prefix?: string;
    readonly caFile?: string;
    readonly certFile?: string;
    readonly keyFile?: string;
    readonly serverName?: string;
    readonly username?: string;
    readonly password?: string;
    readonly allowOld?: boolean;
    readonly compactionIntervalMs?: number;
  };
}

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

/** `dns_config`. */
export interface DnsOptions {
  readonly allowStale?: boolean;
  readonly aRecordLimit?: number;
  readonly disableCompression?: boolean;
  readonly enableAdditionalNodeMetaTxt?: boolean;
  readonly enableTruncate?: boolean;
  readonly nodeTtlMs?: number;
  readonly onlyPassing?: boolean;
  readonly recursorStrategy?: string;
  readonly recursorTimeoutMs?: number;
  readonly serviceTtlMs?: Readonly<Record<string, number>>;
  readonly soa?: {
    readonly expire?: number;
    readonly minTtl?: number;
    readonly refresh?: number;
    readonly retry?: number;
  };
  readonly udpAnswerLimit?: number;
}

/** `connect.ca_config`, of the built-in provider. */
export interface CaOptions {
  readonly clusterId?: string;
  readonly leafCertTtlMs?: number;
  readonly rootCertTtlMs?: number;
  readonly privateKeyType?: string;
  readonly privateKeyBits?: number;
}

const objects: Field<readonly Readonly<Record<string, unknown>>[]> = list(opaque());
const port = (): Field<number | undefined> => optional(integer());

const dnsField: Field<DnsOptions> = object<DnsOptions>(
  {
    allowStale: optional(flag()),
    aRecordLimit: optional(integer()),
    disableCompression: optional(flag()),
    enableAdditionalNodeMetaTxt: optional(flag()),
    enableTruncate: optional(flag()),
    nodeTtlMs: optional(duration()),
    onlyPassing: optional(flag()),
    recursorStrategy: optional(text({ lowerCase: true })),
    recursorTimeoutMs: optional(duration()),
    serviceTtlMs: optional(named('ServiceTTL', map(duration()))),
    soa: optional(
      object<NonNullable<DnsOptions['soa']>>({
        expire: optional(integer()),
        minTtl: optional(integer()),
        refresh: optional(integer()),
        retry: optional(integer()),
      }),
    ),
    udpAnswerLimit: optional(integer()),
  },
  { ignored: OPTIONS_WITHOUT_EFFECT.dns_config },
);

/** The schema of a configuration file (consul-behaviour 3.2). Options without effect here are read and forgotten. */
export const optionsField: Field<AgentOptions> = object<AgentOptions>(
  {
    acl: optional(
      object<NonNullable<AgentOptions['acl']>>(
        { enabled: optional(flag()), defaultPolicy: optional(text()) },
        { ignored: OPTIONS_WITHOUT_EFFECT.acl },
      ),
    ),
    addresses: optional(
      object<NonNullable<AgentOptions['addresses']>>(
        { dns: optional(text()), http: optional(text()), grpc: optional(text()), grpcTls: optional(text()) },
        { ignored: OPTIONS_WITHOUT_EFFECT.addresses },
      ),
    ),
    advertiseAddr: optional(text()),
    allowPlaintextSecrets: optional(flag()),
    altDomain: optional(text()),
    bindAddr: optional(text()),
    check: optional(objects),
    checkOutputMaxSize: optional(integer()),
    checkUpdateIntervalMs: optional(duration()),
    checks: optional(objects),
    clientAddr: optional(text()),
    configEntries: optional(object<NonNullable<AgentOptions['configEntries']>>({ bootstrap: optional(objects) })),
    connect: optional(
      object<NonNullable<AgentOptions['connect']>>(
        {
          enabled: optional(flag()),
          caProvider: optional(text()),
          caConfig: optional(
            object<CaOptions>(
              {
                clusterId: optional(text()),
                leafCertTtlMs: optional(duration()),
                rootCertTtlMs: optional(duration()),
                privateKeyType: optional(text()),
                privateKeyBits: optional(integer()),
              },
              { ignored: OPTIONS_WITHOUT_EFFECT['connect.ca_config'] },
            ),
          ),
        },
        { ignored: OPTIONS_WITHOUT_EFFECT.connect },
      ),
    ),
    dataDir: optional(text()),
    datacenter: optional(text({ lowerCase: true })),
    defaultIntentionPolicy: optional(text()),
    defaultQueryTimeMs: optional(duration()),
    devMode: optional(flag()),
    disableCoordinates: optional(flag()),
    disableHttpUnprintableCharFilter: optional(flag()),
    discoveryMaxStaleMs: optional(duration()),
    dnsConfig: optional(dnsField),
    domain: optional(text()),
    httpConfig: optional(
      object<NonNullable<AgentOptions['httpConfig']>>(
        {
          allowWriteHttpFrom: optional(list(text())),
          blockEndpoints: optional(list(text())),
          responseHeaders: optional(map(text())),
        },
        { ignored: OPTIONS_WITHOUT_EFFECT.http_config },
      ),
    ),
    limits: optional(
      object<NonNullable<AgentOptions['limits']>>(
        {
          httpMaxConnsPerClient: optional(integer()),
          kvMaxValueSize: optional(integer()),
          txnMaxReqLen: optional(integer()),
        },
        { ignored: OPTIONS_WITHOUT_EFFECT.limits },
      ),
    ),
    locality: optional(object<Locality>({ region: text(), zone: text() })),
    logJson: optional(flag()),
    logLevel: optional(text({ lowerCase: true })),
    maxQueryTimeMs: optional(duration()),
    nodeId: optional(text({ lowerCase: true })),
    nodeMeta: optional(map(text())),
    nodeName: optional(named('NodeName', text(), ['node'])),
    ports: optional(
      object<PortOptions>(
        {
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
        },
        { ignored: OPTIONS_WITHOUT_EFFECT.ports },
      ),
    ),
    primaryDatacenter: optional(text({ lowerCase: true })),
    sessionTtlMinMs: optional(duration()),
    recursors: optional(list(text())),
    server: optional(flag()),
    service: optional(objects),
    services: optional(objects),
    state: optional(
      object<StateOptions>({
        backend: optional(text({ lowerCase: true })),
        verifyIntervalMs: optional(duration()),
        etcd: optional(
          object<NonNullable<StateOptions['etcd']>>({
            endpoints: optional(list(text())),
            prefix: optional(text()),
            caFile: optional(text()),
            certFile: optional(text()),
            keyFile: optional(text()),
            serverName: optional(text()),
            username: optional(text()),
            password: optional(text()),
            allowOld: optional(flag()),
            compactionIntervalMs: optional(duration()),
          }),
        ),
      }),
    ),
    taggedAddresses: optional(map(text())),
  },
  { ignored: OPTIONS_WITHOUT_EFFECT[''] },
);
