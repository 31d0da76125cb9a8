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
}

const MINUTE_MS = 60_000;
/** Shorter ones would let a server that pauses for a moment lose its place in the history. */
const SHORTEST_COMPACTION_MS = 10_000;
const PREFIX = /^[A-Za-z0-9_.-]+(?:\/[A-Za-z0-9_.-]+)*$/;

/** `state` with defaults. Throws AppError('invalidArgument') that names the option. */
export function resolveState({ backend, verifyIntervalMs, etcd = {} }: StateOptions, devMode: boolean): StateConfig {
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
  };
  const chosen = backend ?? (devMode ? 'memory' : 'embedded');
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

function checkEtcdOptions({ endpoints, prefix, certFile, keyFile, username, password, ...rest }: EtcdConfig): void {
  const refuse = (problem: string): never => {
    throw new AppError('invalidArgument', problem);
  };
  if (endpoints.length === 0) refuse('state.etcd.endpoints is empty: name at least one etcd endpoint');
  if (!PREFIX.test(prefix) || prefix.length > 200)
    refuse(`state.etcd.prefix "${prefix}" may hold letters, digits, "_", ".", "-", and "/" between them`);
  if ((certFile === '') !== (keyFile === '')) refuse('state.etcd needs both cert_file and key_file, or neither');
  if ((username === '') !== (password === '')) refuse('state.etcd needs both username and password, or neither');
  const interval = rest.compactionIntervalMs;
  if (interval !== 0 && interval < SHORTEST_COMPACTION_MS)
    refuse('state.etcd.compaction_interval must be at least 10s, or 0 to leave compaction to others');
}
