import { AppError } from '../../core/index.js';
import type { StateOptions } from './options.js';

/** Where the state is kept. */
export interface StateConfig {
  /** `memory` only in dev mode; `embedded` = in the data directory of this server alone. */
  readonly backend: 'memory' | 'embedded' | 'etcd';
  /** How often the state in memory is compared with what etcd holds; 0 = never. */
  readonly verifyIntervalMs: number;
  readonly etcd: EtcdConfig;
}

/** `state.etcd`; empty texts = not given. */
export interface EtcdConfig {
  readonly endpoints: readonly string[];
  /** Without slashes at its ends. */
  readonly prefix: string;
  readonly caFile: string;
  readonly certFile: string;
  readonly keyFile: string;
  readonly serverName: string;
  readonly username: string;
  readonly password: string;
  readonly allowOld: boolean;
  /** 0 = somebody else compacts. */
  readonly compactionIntervalMs: number;
  /** This server runs an etcd member of its own, and the members form a cluster; absent = etcd is there already. */
  readonly member?: EtcdMemberConfig;
}

/** The etcd member beside this server. */
export interface EtcdMemberConfig {
  /** The program; empty = `etcd` on the PATH. */
  readonly binary: string;
  readonly clientPort: number;
  readonly peerPort: number;
  readonly quotaBytes: number;
  /** When the member of a server that does not answer may be replaced by a new server's. */
  readonly deadAfterMs: number;
}

const MINUTE_MS = 60_000;
/** Shorter ones would let a server that pauses for a moment lose its place in the history. */
const SHORTEST_COMPACTION_MS = 10_000;
const PREFIX = /^[A-Za-z0-9_.-]+(?:\/[A-Za-z0-9_.-]+)*$/;

/**
 * `state` with defaults. More than one server to begin with means a managed etcd, unless something else is said. Throws
 * AppError('invalidArgument') that names the option.
 */
export function resolveState(
  { backend, verifyIntervalMs, etcd = {} }: StateOptions,
  devMode: boolean,
  bootstrapExpect = 0,
): StateConfig {
  const member = resolveMember(backend, etcd, bootstrapExpect);
  const config: EtcdConfig = {
    endpoints: etcd.endpoints ?? [],
    prefix: (etcd.prefix ?? 'meshwright').replace(/^\/+|\/+$/g, ''),
    caFile: etcd.caFile ?? '',
    certFile: etcd.certFile ?? '',
    keyFile: etcd.keyFile ?? '',
    serverName: etcd.serverName ?? '',
    username: etcd.username ?? '',
    password: etcd.password ?? '',
    allowOld: etcd.allowOld ?? false,
    compactionIntervalMs: etcd.compactionIntervalMs ?? 5 * MINUTE_MS,
    ...(member && { member }),
  };
  const chosen = backend ?? (member ? 'etcd' : devMode ? 'memory' : 'embedded');
  if (chosen !== 'memory' && chosen !== 'embedded' && chosen !== 'etcd')
    throw new AppError('invalidArgument', `state.backend must be "embedded" or "etcd", not "${chosen}"`);
  if (chosen === 'memory' && !devMode)
    throw new AppError('invalidArgument', 'state.backend "memory" loses everything: it is for -dev only');
  if (chosen === 'embedded' && devMode)
    throw new AppError('invalidArgument', 'state.backend "embedded" needs a data directory: leave -dev out');
  if (chosen === 'etcd') checkEtcdOptions(config);
  else if (config.endpoints.length > 0)
    throw new AppError('invalidArgument', 'state.etcd.endpoints is given and not used: set state.backend to "etcd"');
  return { backend: chosen, verifyIntervalMs: verifyIntervalMs ?? 5 * MINUTE_MS, etcd: config };
}

const refuse = (problem: string): never => {
  throw new AppError('invalidArgument', problem);
};

const SMALLEST_QUOTA_BYTES = 64 * 2 ** 20;

function resolveMember(
  backend: string | undefined,
  etcd: NonNullable<StateOptions['etcd']>,
  bootstrapExpect: number,
): EtcdMemberConfig | undefined {
  const isImplied = bootstrapExpect > 1 && !etcd.endpoints?.length && (backend === undefined || backend === 'etcd');
  if (!(etcd.manage ?? isImplied)) return undefined;
  const member = {
    binary: etcd.binary ?? '',
    clientPort: etcd.clientPort ?? 2379,
    peerPort: etcd.peerPort ?? 2380,
    quotaBytes: etcd.quotaBytes ?? 4 * 2 ** 30,
    deadAfterMs: etcd.deadAfterMs ?? 30_000,
  };
  if (backend !== undefined && backend !== 'etcd')
    refuse(`state.etcd.manage runs an etcd, but state.backend is "${backend}": set it to "etcd" or leave it out`);
  if (etcd.endpoints?.length)
    refuse('state.etcd has manage and endpoints: a managed etcd knows its endpoints, give one of them');
  if (etcd.caFile || etcd.certFile || etcd.keyFile || etcd.serverName || etcd.username || etcd.password)
    refuse(
      'state.etcd.manage makes certificates of its own: leave ca_file, cert_file, key_file, server_name and the user out',
    );
  for (const [name, port] of [
    ['client_port', member.clientPort],
    ['peer_port', member.peerPort],
  ] as const)
    if (port < 1 || port > 65_535) refuse(`state.etcd.${name} must be between 1 and 65535, not ${port}`);
  if (member.clientPort === member.peerPort) refuse('state.etcd.client_port and peer_port must differ');
  if (member.quotaBytes < SMALLEST_QUOTA_BYTES)
    refuse(`state.etcd.quota_bytes must be at least ${SMALLEST_QUOTA_BYTES}`);
  if (member.deadAfterMs < 5000) refuse('state.etcd.dead_after must be at least 5s');
  return member;
}

function checkEtcdOptions(config: EtcdConfig): void {
  const { endpoints, prefix, certFile, keyFile, username, password, member, ...rest } = config;
  if (endpoints.length === 0 && !member)
    refuse('state.etcd.endpoints is empty: name at least one etcd endpoint, or set manage = true to run one here');
  if (!PREFIX.test(prefix) || prefix.length > 200)
    refuse(`state.etcd.prefix "${prefix}" may hold letters, digits, "_", ".", "-", and "/" between them`);
  if ((certFile === '') !== (keyFile === '')) refuse('state.etcd needs both cert_file and key_file, or neither');
  if ((username === '') !== (password === '')) refuse('state.etcd needs both username and password, or neither');
  const interval = rest.compactionIntervalMs;
  if (interval !== 0 && interval < SHORTEST_COMPACTION_MS)
    refuse('state.etcd.compaction_interval must be at least 10s, or 0 to leave compaction to others');
}
