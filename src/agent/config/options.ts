import { storageFields, type StorageOptions } from '../../backup/index.js';
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
import {
  type AclOptions,
  type AddressOptions,
  type AutoEncryptOptions,
  type HttpOptions,
  type JoinOptions,
  type LimitOptions,
  optionSections,
  type PerformanceOptions,
  type PortOptions,
  type TelemetryOptions,
  type UiOptions,
  type TlsSections,
  type UnixSocketOptions,
} from './option-sections.js';
import { type WatchOptions, watchesField } from './watches.js';
import { checkedSections, OPTIONS_WITHOUT_EFFECT } from './without-effect.js';

/** What one source (a file, the flags) says about the agent. Everything is optional; sources are merged. */
export interface AgentOptions {
  readonly acl?: AclOptions;
  readonly addresses?: AddressOptions;
  readonly advertiseAddr?: string;
  readonly advertiseAddrIpv4?: string;
  readonly advertiseAddrIpv6?: string;
  readonly advertiseAddrWan?: string;
  readonly advertiseAddrWanIpv4?: string;
  readonly advertiseAddrWanIpv6?: string;
  readonly advertiseReconnectTimeoutMs?: number;
  readonly allowPlaintextSecrets?: boolean;
  readonly altDomain?: string;
  readonly autoEncrypt?: AutoEncryptOptions;
  readonly autoReloadConfig?: boolean;
  readonly backup?: BackupOptions;
  readonly bindAddr?: string;
  readonly bootstrap?: boolean;
  readonly bootstrapExpect?: number;
  readonly caFile?: string;
  readonly caPath?: string;
  readonly certFile?: string;
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
  readonly disableHostNodeId?: boolean;
  readonly disableHttpUnprintableCharFilter?: boolean;
  readonly discardCheckOutput?: boolean;
  readonly discoveryMaxStaleMs?: number;
  readonly dnsConfig?: DnsOptions;
  readonly domain?: string;
  readonly enableAgentTlsForChecks?: boolean;
  readonly enableDebug?: boolean;
  readonly enableLocalScriptChecks?: boolean;
  readonly enableScriptChecks?: boolean;
  readonly enableSyslog?: boolean;
  readonly encrypt?: string;
  readonly httpConfig?: HttpOptions;
  readonly join?: JoinOptions;
  readonly keyFile?: string;
  readonly leaveOnTerminate?: boolean;
  readonly limits?: LimitOptions;
  readonly locality?: Locality;
  readonly logFile?: string;
  readonly logJson?: boolean;
  readonly logLevel?: string;
  readonly logRotateBytes?: number;
  readonly logRotateDurationMs?: number;
  readonly logRotateMaxFiles?: number;
  readonly maxQueryTimeMs?: number;
  readonly nodeId?: string;
  readonly nodeMeta?: StringMap;
  readonly nodeName?: string;
  readonly performance?: PerformanceOptions;
  readonly pidFile?: string;
  readonly ports?: PortOptions;
  readonly primaryDatacenter?: string;
  readonly reconnectTimeoutMs?: number;
  readonly recursors?: readonly string[];
  readonly retryIntervalMs?: number;
  readonly retryJoin?: readonly string[];
  readonly retryMax?: number;
  readonly serfLanAllowedCidrs?: readonly string[];
  readonly server?: boolean;
  readonly service?: readonly Readonly<Record<string, unknown>>[];
  readonly services?: readonly Readonly<Record<string, unknown>>[];
  readonly sessionTtlMinMs?: number;
  readonly skipLeaveOnInterrupt?: boolean;
  readonly startJoin?: readonly string[];
  readonly state?: StateOptions;
  readonly syslogFacility?: string;
  readonly taggedAddresses?: StringMap;
  readonly telemetry?: TelemetryOptions;
  readonly tls?: TlsSections;
  readonly tlsCipherSuites?: string;
  readonly tlsMinVersion?: string;
  readonly uiConfig?: UiOptions;
  readonly unixSockets?: UnixSocketOptions;
  readonly verifyIncoming?: boolean;
  readonly verifyIncomingHttps?: boolean;
  readonly watches?: readonly WatchOptions[];
}

/** `backup`: backups that the servers take of themselves. An addition of ours. */
export interface BackupOptions extends Pick<StorageOptions, 'localStorage' | 'awsStorage'> {
  readonly intervalMs?: number;
  readonly retain?: number;
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
    readonly manage?: boolean;
    readonly binary?: string;
    readonly clientPort?: number;
    readonly peerPort?: number;
    readonly quotaBytes?: number;
    readonly deadAfterMs?: number;
  };
}

/** `dns_config`. */
export interface DnsOptions {
  readonly allowStale?: boolean;
  readonly aRecordLimit?: number;
  readonly disableCompression?: boolean;
  readonly enableAdditionalNodeMetaTxt?: boolean;
  readonly cacheMaxAgeMs?: number;
  readonly enableTruncate?: boolean;
  readonly maxStaleMs?: number;
  readonly useCache?: boolean;
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
  readonly intermediateCertTtlMs?: number;
  readonly rootCertTtlMs?: number;
  readonly privateKeyType?: string;
  readonly privateKeyBits?: number;
  readonly privateKey?: string;
  readonly rootCert?: string;
}

const objects: Field<readonly Readonly<Record<string, unknown>>[]> = list(opaque());
const words = (): Field<string | undefined> => optional(text());
const onOff = (): Field<boolean | undefined> => optional(flag());

const dnsField: Field<DnsOptions> = object<DnsOptions>(
  {
    allowStale: optional(flag()),
    aRecordLimit: optional(integer()),
    disableCompression: optional(flag()),
    enableAdditionalNodeMetaTxt: optional(flag()),
    cacheMaxAgeMs: optional(duration()),
    enableTruncate: optional(flag()),
    maxStaleMs: optional(duration()),
    useCache: optional(flag()),
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
    ...optionSections,
    advertiseAddr: words(),
    advertiseAddrIpv4: words(),
    advertiseAddrIpv6: words(),
    advertiseAddrWan: words(),
    advertiseAddrWanIpv4: words(),
    advertiseAddrWanIpv6: words(),
    advertiseReconnectTimeoutMs: optional(duration()),
    allowPlaintextSecrets: optional(flag()),
    altDomain: optional(text()),
    autoReloadConfig: onOff(),
    backup: optional(
      object<BackupOptions>({ intervalMs: optional(duration()), retain: optional(integer()), ...storageFields }),
    ),
    bindAddr: words(),
    bootstrap: onOff(),
    bootstrapExpect: optional(integer()),
    caFile: words(),
    caPath: words(),
    certFile: words(),
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
                intermediateCertTtlMs: optional(duration()),
                rootCertTtlMs: optional(duration()),
                privateKeyType: optional(text()),
                privateKeyBits: optional(integer()),
                privateKey: optional(text()),
                rootCert: optional(text()),
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
    disableCoordinates: onOff(),
    disableHostNodeId: onOff(),
    disableHttpUnprintableCharFilter: optional(flag()),
    discardCheckOutput: onOff(),
    discoveryMaxStaleMs: optional(duration()),
    dnsConfig: optional(dnsField),
    domain: optional(text()),
    enableAgentTlsForChecks: onOff(),
    enableDebug: onOff(),
    enableLocalScriptChecks: onOff(),
    enableScriptChecks: onOff(),
    enableSyslog: onOff(),
    encrypt: words(),
    keyFile: words(),
    leaveOnTerminate: onOff(),
    locality: optional(object<Locality>({ region: text(), zone: text() })),
    logFile: words(),
    logJson: optional(flag()),
    logLevel: optional(text({ lowerCase: true })),
    logRotateBytes: optional(integer()),
    logRotateDurationMs: optional(duration()),
    logRotateMaxFiles: optional(integer()),
    maxQueryTimeMs: optional(duration()),
    nodeId: optional(text({ lowerCase: true })),
    nodeMeta: optional(map(text())),
    nodeName: optional(named('NodeName', text(), ['node'])),
    pidFile: words(),
    primaryDatacenter: optional(text({ lowerCase: true })),
    reconnectTimeoutMs: optional(duration()),
    recursors: optional(list(text())),
    retryIntervalMs: optional(duration()),
    retryJoin: optional(list(text())),
    retryMax: optional(integer()),
    serfLanAllowedCidrs: optional(list(text())),
    server: optional(flag()),
    service: optional(objects),
    services: optional(objects),
    sessionTtlMinMs: optional(duration()),
    skipLeaveOnInterrupt: onOff(),
    startJoin: optional(list(text())),
    state: optional(
      object<StateOptions>({
        backend: optional(text({ lowerCase: true })),
        verifyIntervalMs: optional(duration()),
        etcd: optional(
          object<NonNullable<StateOptions['etcd']>>({
            endpoints: optional(list(text())),
            prefix: words(),
            caFile: words(),
            certFile: words(),
            keyFile: words(),
            serverName: words(),
            username: words(),
            password: words(),
            allowOld: onOff(),
            compactionIntervalMs: optional(duration()),
            manage: onOff(),
            binary: words(),
            clientPort: optional(integer()),
            peerPort: optional(integer()),
            quotaBytes: optional(integer()),
            deadAfterMs: optional(duration()),
          }),
        ),
      }),
    ),
    syslogFacility: words(),
    taggedAddresses: optional(map(text())),
    tlsCipherSuites: words(),
    tlsMinVersion: words(),
    verifyIncoming: onOff(),
    verifyIncomingHttps: onOff(),
    watches: optional(watchesField),
  },
  { ignored: OPTIONS_WITHOUT_EFFECT[''], checked: checkedSections('') },
);
