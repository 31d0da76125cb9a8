import { AppError } from '../../core/index.js';
import type { CheckDefinition, ServiceDefinition } from '../../model/definitions/index.js';
import type { Locality, StringMap } from '../../model/index.js';
import type { HostNetwork } from './address-template.js';
import { atLeast } from './at-least.js';
import { type ClusterConfig, resolveCluster } from './cluster-config.js';
import { type DnsConfig, resolveDns } from './dns-config.js';
import { type MetricsProxy, metricsProxyOf } from './metrics-proxy.js';
import type { AgentOptions } from './options.js';
import { type AgentAddresses, resolveAddresses } from './resolve-addresses.js';
import { backupOf, type BackupConfig } from './resolve-backup.js';
import { resolveCa } from './resolve-ca.js';
import { resolveHttp } from './resolve-http.js';
import { type LogConfig, resolveLog } from './resolve-log.js';
import { resolveTelemetry, type TelemetryConfig } from './resolve-telemetry.js';
import { type AutoEncryptConfig, resolveAutoEncrypt } from './resolve-auto-encrypt.js';
import { resolveTls, type TlsConfig } from './resolve-tls.js';
import { resolveState, type StateConfig } from './state-config.js';
import { resolveWatches, type WatchDefinition } from './watches.js';

/** The configuration an agent runs with: every option has a value. */
export interface AgentConfig extends AgentAddresses {
  readonly devMode: boolean;
  readonly server: boolean;
  readonly nodeName: string;
  /** Empty = make one up and keep it in the data directory. */
  readonly nodeId: string;
  readonly datacenter: string;
  readonly primaryDatacenter: string;
  /** Empty only in dev mode: nothing is kept. */
  readonly dataDir: string;
  readonly nodeMeta: StringMap;
  /** Where the node is; absent = not said. */
  readonly locality?: Locality;
  /** -1 = closed. */
  readonly ports: {
    readonly http: number;
    readonly https: number;
    readonly dns: number;
    readonly grpc: number;
    readonly grpcTls: number;
    readonly server: number;
    readonly serfLan: number;
    readonly serfWan: number;
    readonly sidecarMin: number;
    readonly sidecarMax: number;
    /** Ports of listeners that proxies open for checks. */
    readonly exposeMin: number;
    readonly exposeMax: number;
  };
  readonly allowPlaintextSecrets: boolean;
  /** The backend that the user interface may ask through the agent; absent = none. */
  readonly metricsProxy?: MetricsProxy;
  readonly log: LogConfig;
  readonly aclEnabled: boolean;
  readonly aclTokens: TokenConfig;
  readonly defaultAclPolicy: 'allow' | 'deny';
  readonly defaultIntentionPolicy: 'allow' | 'deny';
  readonly connectEnabled: boolean;
  readonly ca: {
    readonly clusterId: string;
    readonly leafTtlMs: number;
    readonly rootTtlMs: number;
    readonly intermediateTtlMs: number;
    /** The settings in Consul's spelling: those that were given, and the lifetimes. */
    readonly given: Readonly<Record<string, unknown>>;
    readonly keyType: 'ec' | 'rsa';
    readonly keyBits: number;
    /** A root of the operator's, for the first start; its key is a secret. */
    readonly own?: { readonly certPem: string; readonly privateKeyPem: string };
  };
  readonly dns: DnsConfig;
  readonly http: {
    readonly responseHeaders: StringMap;
    readonly blockEndpoints: readonly string[];
    readonly allowWriteFrom: readonly string[];
    readonly disableUnprintableCharFilter: boolean;
    readonly kvMaxValueSize: number;
    readonly txnMaxReqLen: number;
    readonly sessionTtlMinMs: number;
    readonly maxConnectionsPerClient: number;
    /** 0 = Node's own limit. */
    readonly maxHeaderBytes: number;
    readonly useCache: boolean;
    readonly handshakeTimeoutMs: number;
    readonly unixSockets: { readonly user: string; readonly group: string; readonly mode: string };
    readonly defaultQueryTimeMs: number;
    readonly maxQueryTimeMs: number;
    readonly discoveryMaxStaleMs: number;
  };
  /** `limits.request_limits`: 0 = without limit. */
  readonly requestLimits: {
    readonly mode: 'disabled' | 'permissive' | 'enforcing';
    readonly readRate: number;
    readonly writeRate: number;
  };
  readonly tls: { readonly https: TlsConfig; readonly grpc: TlsConfig; readonly internalRpc: TlsConfig };
  readonly autoEncrypt: AutoEncryptConfig;
  readonly telemetry: TelemetryConfig;
  readonly enableDebug: boolean;
  readonly disableCoordinates: boolean;
  readonly autoReload: boolean;
  readonly leaveOnTerminate: boolean;
  readonly skipLeaveOnInterrupt: boolean;
  /** Empty = none. */
  readonly pidFile: string;
  readonly state: StateConfig;
  /** Absent = none are taken. */
  readonly backup?: BackupConfig;
  readonly cluster: ClusterConfig;
  readonly checkOutputMaxSize: number;
  readonly checkUpdateIntervalMs: number;
  readonly discardCheckOutput: boolean;
  /** Checks over TLS show the agent's certificate and trust its authorities. */
  readonly agentTlsForChecks: boolean;
  /** The id of a new node is made from that of its host. */
  readonly hostNodeId: boolean;
  /** Scripts of definitions in files; of those that come by HTTP too. */
  readonly scriptChecks: { readonly local: boolean; readonly remote: boolean };
  readonly services: readonly ServiceDefinition[];
  readonly checks: readonly CheckDefinition[];
  /** Entries written at the first start, as in a `PUT /v1/config` body. */
  readonly watches: readonly WatchDefinition[];
  readonly bootstrapEntries: readonly Readonly<Record<string, unknown>>[];
}

/** `acl.tokens`: secrets. Empty = not given. */
export interface TokenConfig {
  readonly enablePersistence: boolean;
  readonly initialManagement: string;
  readonly agentRecovery: string;
  readonly default: string;
  readonly agent: string;
  readonly configFileServiceRegistration: string;
  readonly dns: string;
  readonly replication: string;
}

/** What a configuration is resolved with besides its options. */
export interface Surroundings {
  readonly hostname: string;
  readonly network: HostNetwork;
  /** The environment of the process, where S3 is looked for. */
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly services: readonly ServiceDefinition[];
  readonly checks: readonly CheckDefinition[];
  /** `auto_config` is given, which has no effect. */
  readonly hasAutoConfig?: boolean;
}

const MINUTE_MS = 60_000;
const MOST_META = 64;
const NODE_ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

const invalid = (message: string): AppError => new AppError('invalidArgument', message);

/** Merged options with defaults filled in and rules checked (consul-behaviour 3.1, 3.2). Throws AppError('invalidArgument'). */
export function resolveAgentConfig(options: AgentOptions, surroundings: Surroundings): AgentConfig {
  const config = resolveAll(options, surroundings);
  if (!config.server) checkClientAgent(config, surroundings.hasAutoConfig === true);
  return config;
}

function resolveAll(options: AgentOptions, surroundings: Surroundings): AgentConfig {
  const devMode = options.devMode ?? false;
  const server = options.server ?? devMode;
  const datacenter = options.datacenter ?? 'dc1';
  const addresses = resolveAddresses(options, surroundings.network);
  const ports = resolvePorts(options.ports ?? {}, devMode, server);
  checkStart(options, devMode);
  const nodeMeta = options.nodeMeta ?? {};
  checkNodeMeta(nodeMeta);
  return {
    devMode,
    server,
    nodeName: nodeName(options.nodeName ?? surroundings.hostname),
    nodeId: options.nodeId ?? '',
    datacenter,
    primaryDatacenter: options.primaryDatacenter ?? datacenter,
    dataDir: devMode ? '' : (options.dataDir ?? ''),
    ...addresses,
    nodeMeta,
    ...(options.locality?.region ? { locality: options.locality } : {}),
    ports,
    allowPlaintextSecrets: options.allowPlaintextSecrets ?? false,
    ...metricsProxyOf(options),
    log: resolveLog(options, devMode),
    ...resolveAcl(options),
    connectEnabled: options.connect?.enabled ?? true,
    ca: resolveCa(options.connect ?? {}),
    dns: resolveDns(options, { addresses: addresses.dnsAddresses, port: ports.dns }),
    http: resolveHttp(options),
    requestLimits: resolveRequestLimits(options.limits?.requestLimits ?? {}),
    tls: {
      https: resolveTls(options, 'https'),
      grpc: resolveTls(options, 'grpc'),
      internalRpc: resolveTls(options, 'internalRpc'),
    },
    autoEncrypt: resolveAutoEncrypt(options, server),
    telemetry: resolveTelemetry(options.telemetry ?? {}),
    enableDebug: options.enableDebug ?? devMode,
    disableCoordinates: options.disableCoordinates ?? false,
    autoReload: options.autoReloadConfig ?? false,
    leaveOnTerminate: options.leaveOnTerminate ?? !server,
    skipLeaveOnInterrupt: options.skipLeaveOnInterrupt ?? server,
    pidFile: options.pidFile ?? '',
    state: resolveState(options.state ?? {}, devMode, options.bootstrapExpect),
    ...backupOf(options.backup, surroundings.env ?? {}),
    cluster: resolveCluster(options, server),
    checkOutputMaxSize: atLeast('check_output_max_size', options.checkOutputMaxSize ?? 4096, 1),
    checkUpdateIntervalMs: options.checkUpdateIntervalMs ?? 5 * MINUTE_MS,
    discardCheckOutput: options.discardCheckOutput ?? false,
    agentTlsForChecks: options.enableAgentTlsForChecks ?? false,
    hostNodeId: options.disableHostNodeId === false,
    scriptChecks: {
      local: options.enableLocalScriptChecks ?? options.enableScriptChecks ?? false,
      remote: options.enableScriptChecks ?? false,
    },
    services: surroundings.services,
    checks: surroundings.checks,
    bootstrapEntries: options.configEntries?.bootstrap ?? [],
    watches: resolveWatches(options.watches ?? []),
  };
}

function checkStart(options: AgentOptions, devMode: boolean): void {
  if (!devMode && !options.dataDir)
    throw new AppError(
      'invalidArgument',
      'data_dir cannot be empty: give a directory with -data-dir, or use -dev to keep nothing',
    );
  if (options.nodeId && !NODE_ID.test(options.nodeId))
    throw new AppError('invalidArgument', `node_id must be a UUID, not "${options.nodeId}"`);
  if (options.locality?.zone && !options.locality.region)
    throw new AppError('invalidArgument', 'locality is invalid: zone cannot be set without region');
  if (options.datacenter !== undefined && !/^[a-z0-9_-]+$/.test(options.datacenter))
    throw new AppError(
      'invalidArgument',
      `datacenter can only contain lowercase letters, digits, - and _, not "${options.datacenter}"`,
    );
}

/** A client agent is nothing without servers, and is let in by them. */
function checkClientAgent({ cluster, backup, tls: { internalRpc } }: AgentConfig, hasAutoConfig: boolean): void {
  const instead = hasAutoConfig ? '; auto_config has no effect here' : '';
  if (backup)
    throw invalid('backup is for servers, which hold the state: leave it out of the configuration of a client agent');
  if (cluster.retryJoin.length + cluster.startJoin.length === 0)
    throw invalid(
      `an agent without -server is a client agent, which joins servers: give the address of one with -retry-join (a server is started with -server, and -dev starts one to try things)${instead}`,
    );
  const hasFiles = internalRpc.certFile !== '' && (internalRpc.caFile !== '' || internalRpc.caPath !== '');
  if (cluster.joinToken === '' && cluster.joinTokenFile === '' && cluster.encrypt === '' && !hasFiles)
    throw invalid(
      `a client agent needs a join token to be let in: "meshwright operator join-token" on a server shows it; give it with -join-token or -join-token-file (or certificates with tls.internal_rpc)${instead}`,
    );
}

function checkNodeMeta(meta: StringMap): void {
  const [problem] = Object.entries(meta).flatMap(([key, value]) => metaProblem(key, value) ?? []);
  if (problem !== undefined) throw invalid(`node_meta: ${problem}`);
  if (Object.keys(meta).length > MOST_META)
    throw invalid(`node_meta has ${Object.keys(meta).length} pairs; at most ${MOST_META} can be set`);
}

function metaProblem(key: string, value: string): string | undefined {
  if (key === '') return 'a key cannot be blank';
  if (!/^[a-zA-Z0-9_-]+$/.test(key)) return `key "${key}" has characters other than letters, digits, - and _`;
  if (key.length > 128) return `key "${key.slice(0, 20)}…" is longer than 128 characters`;
  if (/^consul-/i.test(key)) return `key "${key}" begins with consul-, which is reserved for internal use`;
  return value.length > 512 ? `the value of "${key}" is longer than 512 characters` : undefined;
}

function nodeName(given: string): string {
  const name = given.trim();
  if (name === '') throw invalid('node_name cannot be empty: this host has no name, give one with -node');
  if (name.length > 128) throw invalid('node_name cannot be longer than 128 characters');
  return name;
}

function resolvePorts(
  ports: NonNullable<AgentOptions['ports']>,
  devMode: boolean,
  server: boolean,
): AgentConfig['ports'] {
  const resolved = {
    http: ports.http ?? 8500,
    https: ports.https ?? -1,
    dns: ports.dns ?? 8600,
    // On a client agent, too: it is what the proxies of its host connect to.
    grpc: ports.grpc ?? (devMode || !server ? 8502 : -1),
    grpcTls: ports.grpcTls ?? (server ? 8503 : -1),
    server: ports.server ?? 8300,
    serfLan: ports.serfLan ?? 8301,
    serfWan: ports.serfWan ?? 8302,
    sidecarMin: ports.sidecarMinPort ?? 21_000,
    sidecarMax: ports.sidecarMaxPort ?? 21_255,
    exposeMin: ports.exposeMinPort ?? 21_500,
    exposeMax: ports.exposeMaxPort ?? 21_755,
  };
  for (const [name, value] of Object.entries(resolved))
    if (value < -1 || value > 65_535)
      throw new AppError('invalidArgument', `ports.${name} must be between -1 (closed) and 65535, not ${value}`);
  return resolved;
}

const DOWN_POLICIES = new Set(['allow', 'deny', 'extend-cache', 'async-cache']);

function resolveAcl(
  options: AgentOptions,
): Pick<AgentConfig, 'aclEnabled' | 'aclTokens' | 'defaultAclPolicy' | 'defaultIntentionPolicy'> {
  const acl = options.acl ?? {};
  const aclPolicy = policy('acl.default_policy', acl.defaultPolicy || undefined, 'allow');
  if (acl.downPolicy && !DOWN_POLICIES.has(acl.downPolicy))
    throw invalid(`acl.down_policy must be one of ${[...DOWN_POLICIES].join(', ')}, not "${acl.downPolicy}"`);
  const tokens = acl.tokens ?? {};
  return {
    aclEnabled: acl.enabled ?? false,
    aclTokens: {
      enablePersistence: acl.enableTokenPersistence ?? false,
      initialManagement: tokens.initialManagement ?? '',
      agentRecovery: tokens.agentRecovery ?? '',
      default: tokens.default ?? '',
      agent: tokens.agent ?? '',
      configFileServiceRegistration: tokens.configFileServiceRegistration ?? '',
      dns: tokens.dns ?? '',
      replication: tokens.replication ?? '',
    },
    defaultAclPolicy: aclPolicy,
    defaultIntentionPolicy: policy(
      'default_intention_policy',
      options.defaultIntentionPolicy || undefined,
      acl.enabled ? aclPolicy : acl.defaultPolicy ? aclPolicy : 'allow',
    ),
  };
}

function resolveRequestLimits(
  given: NonNullable<NonNullable<AgentOptions['limits']>['requestLimits']>,
): AgentConfig['requestLimits'] {
  const mode = given.mode || 'disabled';
  if (mode !== 'disabled' && mode !== 'permissive' && mode !== 'enforcing')
    throw invalid(`limits.request_limits.mode must be "disabled", "permissive" or "enforcing", not "${mode}"`);
  // Any negative rate means: without limit.
  const rate = (value = -1): number => (value < 0 ? 0 : value);
  return { mode, readRate: rate(given.readRate), writeRate: rate(given.writeRate) };
}

function policy(name: string, given: string | undefined, otherwise: 'allow' | 'deny'): 'allow' | 'deny' {
  if (given === undefined) return otherwise;
  if (given === 'allow' || given === 'deny') return given;
  throw new AppError('invalidArgument', `${name} must be "allow" or "deny", not "${given}"`);
}
