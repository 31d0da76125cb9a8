import { AppError } from '../../core/index.js';
import type { CheckDefinition, ServiceDefinition } from '../../model/definitions/index.js';
import { decodeCheckDefinition, decodeServiceDefinition } from '../../model/definitions/index.js';
import type { Locality, StringMap } from '../../model/index.js';
import { type DnsConfig, resolveDns } from './dns-config.js';
import type { AgentOptions } from './options.js';
import { resolveState, type StateConfig } from './state-config.js';

/** The configuration an agent runs with: every option has a value. */
export interface AgentConfig {
  readonly devMode: boolean;
  readonly server: boolean;
  readonly nodeName: string;
  /** Empty = make one up and keep it in the data directory. */
  readonly nodeId: string;
  readonly datacenter: string;
  readonly primaryDatacenter: string;
  /** Empty only in dev mode: nothing is kept. */
  readonly dataDir: string;
  readonly advertiseAddress: string;
  readonly dnsAddress: string;
  readonly httpAddress: string;
  readonly grpcAddress: string;
  readonly grpcTlsAddress: string;
  readonly taggedAddresses: StringMap;
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
  readonly disableCoordinates: boolean;
  readonly logLevel: string;
  readonly logJson: boolean;
  readonly aclEnabled: boolean;
  readonly defaultAclPolicy: 'allow' | 'deny';
  readonly defaultIntentionPolicy: 'allow' | 'deny';
  readonly connectEnabled: boolean;
  readonly ca: {
    readonly clusterId: string;
    readonly leafTtlMs: number;
    readonly rootTtlMs: number;
    readonly keyType: 'ec' | 'rsa';
    readonly keyBits: number;
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
    readonly defaultQueryTimeMs: number;
    readonly maxQueryTimeMs: number;
    readonly discoveryMaxStaleMs: number;
  };
  readonly state: StateConfig;
  readonly checkOutputMaxSize: number;
  readonly checkUpdateIntervalMs: number;
  readonly services: readonly ServiceDefinition[];
  readonly checks: readonly CheckDefinition[];
  /** Entries written at the first start, as in a `PUT /v1/config` body. */
  readonly bootstrapEntries: readonly Readonly<Record<string, unknown>>[];
}

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const LOG_LEVELS = new Set(['trace', 'debug', 'info', 'warn', 'error', 'err']);
const NODE_ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
/** Our leaves may be as short as a minute; Consul's limit is an hour. */
const SHORTEST_LEAF_MS = MINUTE_MS;

/** Merged options with defaults filled in and rules checked (consul-behaviour 3.1, 3.2). Throws AppError('invalidArgument'). */
export function resolveAgentConfig(options: AgentOptions, hostname: string): AgentConfig {
  const devMode = options.devMode ?? false;
  const server = options.server ?? devMode;
  const datacenter = options.datacenter ?? 'dc1';
  const clientAddress = options.clientAddr ?? '127.0.0.1';
  const advertiseAddress = options.advertiseAddr ?? concrete(options.bindAddr) ?? '127.0.0.1';
  const dnsAddress = options.addresses?.dns ?? clientAddress;
  const ports = resolvePorts(options.ports ?? {}, devMode, server);
  const aclPolicy = policy('acl.default_policy', options.acl?.defaultPolicy, 'allow');
  checkStart(options, devMode, server);
  return {
    devMode,
    server,
    nodeName: options.nodeName ?? hostname,
    nodeId: options.nodeId ?? '',
    datacenter,
    primaryDatacenter: options.primaryDatacenter ?? datacenter,
    dataDir: devMode ? '' : (options.dataDir ?? ''),
    advertiseAddress,
    dnsAddress,
    httpAddress: options.addresses?.http ?? clientAddress,
    grpcAddress: options.addresses?.grpc ?? clientAddress,
    grpcTlsAddress: options.addresses?.grpcTls ?? clientAddress,
    taggedAddresses: { ...familyAddresses(advertiseAddress), ...options.taggedAddresses },
    nodeMeta: options.nodeMeta ?? {},
    ...(options.locality?.region ? { locality: options.locality } : {}),
    ports,
    allowPlaintextSecrets: options.allowPlaintextSecrets ?? false,
    disableCoordinates: options.disableCoordinates ?? false,
    logLevel: logLevel(options.logLevel ?? (devMode ? 'debug' : 'info')),
    logJson: options.logJson ?? false,
    aclEnabled: options.acl?.enabled ?? false,
    defaultAclPolicy: aclPolicy,
    defaultIntentionPolicy: policy(
      'default_intention_policy',
      options.defaultIntentionPolicy || undefined,
      options.acl?.enabled ? aclPolicy : options.acl?.defaultPolicy ? aclPolicy : 'allow',
    ),
    connectEnabled: options.connect?.enabled ?? true,
    ca: resolveCa(options.connect ?? {}),
    dns: resolveDns(options, { address: dnsAddress, port: ports.dns }),
    http: {
      responseHeaders: options.httpConfig?.responseHeaders ?? {},
      blockEndpoints: options.httpConfig?.blockEndpoints ?? [],
      allowWriteFrom: options.httpConfig?.allowWriteHttpFrom ?? [],
      disableUnprintableCharFilter: options.disableHttpUnprintableCharFilter ?? false,
      kvMaxValueSize: options.limits?.kvMaxValueSize ?? 524_288,
      txnMaxReqLen: options.limits?.txnMaxReqLen ?? 524_288,
      sessionTtlMinMs: options.sessionTtlMinMs ?? 10_000,
      maxConnectionsPerClient: options.limits?.httpMaxConnsPerClient ?? 200,
      defaultQueryTimeMs: options.defaultQueryTimeMs ?? 5 * MINUTE_MS,
      maxQueryTimeMs: options.maxQueryTimeMs ?? 10 * MINUTE_MS,
      discoveryMaxStaleMs: options.discoveryMaxStaleMs ?? 0,
    },
    state: resolveState(options.state ?? {}, devMode),
    checkOutputMaxSize: options.checkOutputMaxSize ?? 4096,
    checkUpdateIntervalMs: options.checkUpdateIntervalMs ?? 5 * MINUTE_MS,
    services: [...(options.service ?? []), ...(options.services ?? [])].map((body) =>
      decodeServiceDefinition(body, 'file'),
    ),
    checks: [...(options.check ?? []), ...(options.checks ?? [])].map((body) => decodeCheckDefinition(body, 'file')),
    bootstrapEntries: options.configEntries?.bootstrap ?? [],
  };
}

function checkStart(options: AgentOptions, devMode: boolean, server: boolean): void {
  if (!devMode && !options.dataDir)
    throw new AppError(
      'invalidArgument',
      'data_dir cannot be empty: give a directory with -data-dir, or use -dev to keep nothing',
    );
  if (!server)
    throw new AppError(
      'unsupported',
      'client agents are not implemented: start this agent with -server -data-dir DIR, or with -dev',
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

function resolvePorts(
  ports: NonNullable<AgentOptions['ports']>,
  devMode: boolean,
  server: boolean,
): AgentConfig['ports'] {
  const resolved = {
    http: ports.http ?? 8500,
    https: ports.https ?? -1,
    dns: ports.dns ?? 8600,
    grpc: ports.grpc ?? (devMode ? 8502 : -1),
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

function resolveCa(connect: NonNullable<AgentOptions['connect']>): AgentConfig['ca'] {
  const given = connect.caConfig ?? {};
  const keyType = given.privateKeyType ?? 'ec';
  const leafTtlMs = given.leafCertTtlMs ?? 72 * HOUR_MS;
  const rootTtlMs = given.rootCertTtlMs ?? 87_600 * HOUR_MS;
  if (connect.caProvider && connect.caProvider !== 'consul')
    throw new AppError(
      'unsupported',
      `connect.ca_provider "${connect.caProvider}" is not implemented: leave it out for the built-in one`,
    );
  if (keyType !== 'ec' && keyType !== 'rsa')
    throw new AppError('invalidArgument', `connect.ca_config.private_key_type must be "ec" or "rsa", not "${keyType}"`);
  if (leafTtlMs < SHORTEST_LEAF_MS || leafTtlMs > rootTtlMs)
    throw new AppError('invalidArgument', 'connect.ca_config.leaf_cert_ttl must be between 1m and root_cert_ttl');
  const keyBits = given.privateKeyBits ?? (keyType === 'ec' ? 256 : 2048);
  if (!(keyType === 'ec' ? [256, 384, 521] : [2048, 4096]).includes(keyBits))
    throw new AppError(
      'invalidArgument',
      `connect.ca_config.private_key_bits ${keyBits} does not fit a key of type ${keyType}: use ${keyType === 'ec' ? '256, 384 or 521' : '2048 or 4096'}`,
    );
  return { clusterId: given.clusterId ?? '', leafTtlMs, rootTtlMs, keyType, keyBits };
}

function policy(name: string, given: string | undefined, otherwise: 'allow' | 'deny'): 'allow' | 'deny' {
  if (given === undefined) return otherwise;
  if (given === 'allow' || given === 'deny') return given;
  throw new AppError('invalidArgument', `${name} must be "allow" or "deny", not "${given}"`);
}

function logLevel(given: string): string {
  if (!LOG_LEVELS.has(given))
    throw new AppError('invalidArgument', `log_level must be trace, debug, info, warn or error, not "${given}"`);
  return given === 'err' ? 'error' : given;
}

const concrete = (address: string | undefined): string | undefined =>
  address === undefined || address === '0.0.0.0' || address === '::' ? undefined : address;

function familyAddresses(address: string): StringMap {
  const family = address.includes(':') ? 'ipv6' : 'ipv4';
  return { lan: address, [`lan_${family}`]: address, wan: address, [`wan_${family}`]: address };
}
