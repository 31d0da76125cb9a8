import type { AgentConfig, TlsConfig } from '../agent/config/index.js';
import { CONSUL_VERSION, formatDurationMs, formatHostPort } from '../core/index.js';
import { encodeLocality } from '../discovery/catalog/index.js';
import { WITHOUT_EFFECT_DEBUG } from './debug-config-fixed.js';

/** What stands where a secret would; the same whether there is one or not. */
const HIDDEN = 'hidden';

/**
 * The running configuration as `agent/self` shows it, in the names of Consul's (consul-behaviour.md 1.2). Every secret is hidden:
 * tokens, keys and the paths of keys. What means nothing here has the value that a fresh Consul shows.
 */
export function debugConfigOf(
  config: AgentConfig,
  nodeId: string,
  ports: AgentConfig['ports'],
): Readonly<Record<string, unknown>> {
  return sorted({
    ...WITHOUT_EFFECT_DEBUG,
    ...identity(config, nodeId),
    ...addressesOf(config, ports),
    ...access(config),
    ...dnsOf(config, ports),
    ...httpOf(config, ports),
    ...checksOf(config),
    ...operation(config),
    TLS: tlsOf(config),
    Telemetry: telemetryOf(config),
  });
}

const sorted = (fields: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> =>
  Object.fromEntries(Object.entries(fields).sort(([a], [b]) => (a < b ? -1 : 1)));

const identity = (config: AgentConfig, nodeId: string) => ({
  Datacenter: config.datacenter,
  DataDir: config.dataDir,
  DevMode: config.devMode,
  DisableHostNodeID: !config.hostNodeId,
  Locality: config.locality ? encodeLocality(config.locality) : null,
  NodeID: nodeId,
  NodeMeta: config.nodeMeta,
  NodeName: config.nodeName,
  PrimaryDatacenter: config.primaryDatacenter,
  ServerMode: config.server,
  ServerName: '',
  Version: CONSUL_VERSION,
});

const tcp = (host: string, port: number): string =>
  host.startsWith('unix://') ? host : `tcp://${formatHostPort({ host, port })}`;
const opened = (addresses: readonly string[], port: number): readonly string[] =>
  port < 0 ? [] : addresses.map((address) => tcp(address, port));

function addressesOf(config: AgentConfig, ports: AgentConfig['ports']) {
  const { advertiseAddress, advertiseAddressWan, bindAddress } = config;
  return {
    AdvertiseAddrLAN: advertiseAddress,
    AdvertiseAddrWAN: advertiseAddressWan,
    BindAddr: bindAddress,
    ClientAddrs: config.httpAddresses,
    ConnectSidecarMaxPort: ports.sidecarMax,
    ConnectSidecarMinPort: ports.sidecarMin,
    ExposeMaxPort: ports.exposeMax,
    ExposeMinPort: ports.exposeMin,
    GRPCAddrs: opened(config.grpcAddresses, ports.grpc),
    GRPCPort: ports.grpc,
    GRPCTLSAddrs: opened(config.grpcTlsAddresses, ports.grpcTls),
    GRPCTLSPort: ports.grpcTls,
    RPCAdvertiseAddr: tcp(advertiseAddress, ports.server),
    RPCBindAddr: tcp(bindAddress, ports.server),
    SerfAllowedCIDRsLAN: config.cluster.allowedNetworks,
    SerfAdvertiseAddrLAN: tcp(advertiseAddress, ports.serfLan),
    SerfAdvertiseAddrWAN: tcp(advertiseAddressWan, ports.serfWan),
    SerfBindAddrLAN: tcp(bindAddress, ports.serfLan),
    SerfBindAddrWAN: tcp(bindAddress, ports.serfWan),
    SerfPortLAN: ports.serfLan,
    SerfPortWAN: ports.serfWan,
    ServerPort: ports.server,
    TaggedAddresses: config.taggedAddresses,
  };
}

const access = (config: AgentConfig) => ({
  ACLEnableKeyListPolicy: false,
  ACLInitialManagementToken: HIDDEN,
  ACLResolverSettings: {
    ACLDefaultPolicy: config.defaultAclPolicy,
    ACLDownPolicy: 'extend-cache',
    ACLPolicyTTL: '30s',
    ACLRoleTTL: '0s',
    ACLTokenTTL: '30s',
    ACLsEnabled: config.aclEnabled,
    Datacenter: config.datacenter,
    EnterpriseMeta: {},
    NodeName: config.nodeName,
  },
  ACLTokenReplication: false,
  ACLTokens: {
    ACLAgentRecoveryToken: HIDDEN,
    ACLAgentToken: HIDDEN,
    ACLConfigFileRegistrationToken: HIDDEN,
    ACLDNSToken: HIDDEN,
    ACLDefaultToken: HIDDEN,
    ACLReplicationToken: HIDDEN,
    DataDir: config.dataDir,
    EnablePersistence: config.aclTokens.enablePersistence,
    EnterpriseConfig: {},
  },
  ACLsEnabled: config.aclEnabled,
  ConnectEnabled: config.connectEnabled,
  DefaultIntentionPolicy: config.defaultIntentionPolicy,
});

function dnsOf({ dns, dnsAddresses }: AgentConfig, ports: AgentConfig['ports']) {
  const doors = opened(dnsAddresses, ports.dns);
  return {
    DNSARecordLimit: dns.aRecordLimit,
    DNSAddrs: [...doors, ...doors.map((door) => door.replace('tcp:', 'udp:'))],
    DNSAllowStale: dns.allowStale,
    DNSCacheMaxAge: formatDurationMs(dns.cacheMaxAgeMs),
    DNSMaxStale: formatDurationMs(dns.maxStaleMs),
    DNSUseCache: dns.useCache,
    DNSAltDomain: dns.altDomain === '' ? '' : `${dns.altDomain}.`,
    DNSDisableCompression: dns.disableCompression,
    DNSDomain: `${dns.domain}.`,
    DNSEnableTruncate: dns.enableTruncate,
    DNSNodeMetaTXT: dns.nodeMetaTxt,
    DNSNodeTTL: formatDurationMs(dns.nodeTtlSeconds * 1000),
    DNSOnlyPassing: dns.onlyPassing,
    DNSPort: ports.dns,
    DNSRecursorStrategy: dns.recursorStrategy,
    DNSRecursorTimeout: formatDurationMs(dns.recursorTimeoutMs),
    DNSRecursors: dns.recursors.map((place) => (place.port === 53 ? place.host : formatHostPort(place))),
    DNSSOA: {
      Expire: dns.soa.expireSeconds,
      Minttl: dns.soa.minTtlSeconds,
      Refresh: dns.soa.refreshSeconds,
      Retry: dns.soa.retrySeconds,
    },
    DNSServiceTTL: Object.fromEntries(
      Object.entries(dns.serviceTtlSeconds).map(([name, seconds]) => [name, formatDurationMs(seconds * 1000)]),
    ),
    DNSUDPAnswerLimit: dns.udpAnswerLimit,
  };
}

function httpOf({ http, httpAddresses, httpsAddresses, requestLimits }: AgentConfig, ports: AgentConfig['ports']) {
  const rate = (value: number): number => (value === 0 ? Number.MAX_VALUE : value);
  return {
    AllowWriteHTTPFrom: http.allowWriteFrom,
    DefaultQueryTime: formatDurationMs(http.defaultQueryTimeMs),
    DisableHTTPUnprintableCharFilter: http.disableUnprintableCharFilter,
    DiscoveryMaxStale: formatDurationMs(http.discoveryMaxStaleMs),
    HTTPAddrs: opened(httpAddresses, ports.http),
    HTTPBlockEndpoints: http.blockEndpoints,
    HTTPMaxConnsPerClient: http.maxConnectionsPerClient,
    HTTPMaxHeaderBytes: http.maxHeaderBytes,
    HTTPPort: ports.http,
    HTTPResponseHeaders: http.responseHeaders,
    HTTPSAddrs: opened(httpsAddresses, ports.https),
    HTTPSHandshakeTimeout: formatDurationMs(http.handshakeTimeoutMs),
    HTTPSPort: ports.https,
    HTTPUseCache: http.useCache,
    KVMaxValueSize: http.kvMaxValueSize,
    MaxQueryTime: formatDurationMs(http.maxQueryTimeMs),
    RequestLimitsMode: ['disabled', 'permissive', 'enforcing'].indexOf(requestLimits.mode),
    RequestLimitsReadRate: rate(requestLimits.readRate),
    RequestLimitsWriteRate: rate(requestLimits.writeRate),
    SessionTTLMin: formatDurationMs(http.sessionTtlMinMs),
    TxnMaxReqLen: http.txnMaxReqLen,
    UnixSocketGroup: http.unixSockets.group,
    UnixSocketMode: http.unixSockets.mode,
    UnixSocketUser: http.unixSockets.user,
  };
}

const checksOf = (config: AgentConfig) => ({
  CheckOutputMaxSize: config.checkOutputMaxSize,
  CheckUpdateInterval: formatDurationMs(config.checkUpdateIntervalMs),
  // Definitions may hold tokens and headers with secrets: their ids are enough.
  Checks: config.checks.map(({ checkId, name, serviceId }) => ({ ID: checkId, Name: name, ServiceID: serviceId })),
  ConfigEntryBootstrap: config.bootstrapEntries.map(({ Kind, kind, Name, name }) => ({
    Kind: Kind ?? kind ?? '',
    Name: Name ?? name ?? '',
  })),
  DiscardCheckOutput: config.discardCheckOutput,
  EnableAgentTLSForChecks: config.agentTlsForChecks,
  EnableLocalScriptChecks: config.scriptChecks.local,
  EnableRemoteScriptChecks: config.scriptChecks.remote,
  Services: config.services.map(({ id, service, port, tags }) => ({ ID: id, Name: service, Port: port, Tags: tags })),
});

const operation = (config: AgentConfig) => ({
  AutoReloadConfig: config.autoReload,
  DisableCoordinates: config.disableCoordinates,
  EnableDebug: config.enableDebug,
  LeaveOnTerm: config.leaveOnTerminate,
  Logging: {
    EnableSyslog: config.log.syslogFacility !== '',
    LogFilePath: config.log.file,
    LogJSON: config.log.json,
    LogLevel: config.log.level.toUpperCase(),
    LogRotateBytes: config.log.rotateBytes,
    LogRotateDuration: formatDurationMs(config.log.rotateAfterMs),
    LogRotateMaxFiles: config.log.rotateMaxFiles,
    Name: '',
    SyslogFacility: config.log.syslogFacility.toUpperCase() || 'LOCAL0',
  },
  PidFile: config.pidFile,
  SkipLeaveOnInt: config.skipLeaveOnInterrupt,
});

function tlsOf(config: AgentConfig) {
  const door = (tls: TlsConfig) => ({
    CAFile: tls.caFile,
    CAPath: tls.caPath,
    CertFile: tls.certFile,
    CipherSuites: tls.cipherSuites,
    KeyFile: HIDDEN,
    TLSMinVersion: tls.minVersion,
    UseAutoCert: false,
    VerifyIncoming: tls.verifyIncoming,
    VerifyOutgoing: false,
    VerifyServerHostname: false,
  });
  return {
    AutoTLS: false,
    Domain: `${config.dns.domain}.`,
    EnableAgentTLSForChecks: config.agentTlsForChecks,
    GRPC: door(config.tls.grpc),
    HTTPS: door(config.tls.https),
    InternalRPC: door(config.tls.internalRpc),
    NodeName: config.nodeName,
    ServerMode: config.server,
    ServerName: '',
  };
}

function telemetryOf({ telemetry }: AgentConfig) {
  return {
    ...WITHOUT_EFFECT_DEBUG.Telemetry,
    AllowedPrefixes: telemetry.allowedPrefixes,
    BlockedPrefixes: telemetry.blockedPrefixes,
    DisableHostname: telemetry.disableHostname,
    DogstatsdAddr: telemetry.dogstatsdAddress ? formatHostPort(telemetry.dogstatsdAddress) : '',
    DogstatsdTags: telemetry.dogstatsdTags,
    EnableHostMetrics: telemetry.enableHostMetrics,
    FilterDefault: telemetry.filterDefault,
    MetricsPrefix: telemetry.metricsPrefix,
    PrometheusOpts: {
      CounterDefinitions: [],
      Expiration: formatDurationMs(telemetry.prometheus ? telemetry.prometheusRetentionMs : 0),
      GaugeDefinitions: [],
      Name: telemetry.metricsPrefix,
      Registerer: null,
      SummaryDefinitions: [],
    },
    StatsiteAddr: telemetry.statsiteAddress ? formatHostPort(telemetry.statsiteAddress) : '',
    StatsdAddr: telemetry.statsdAddress ? formatHostPort(telemetry.statsdAddress) : '',
  };
}
