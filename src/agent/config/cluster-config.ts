import { clusterKeyProblem, parseJoinToken } from '../../cluster/credentials/index.js';
import { AppError, isNetwork } from '../../core/index.js';
import type { AgentOptions } from './options.js';

/** How this agent finds the others and is known by them. */
export interface ClusterConfig {
  /** A secret: the cluster key. Empty = not given. */
  readonly encrypt: string;
  /** A secret: the join token. Empty = not given. */
  readonly joinToken: string;
  /** A file with the join token. Empty = not given. */
  readonly joinTokenFile: string;
  /** Addresses that are tried until one answers: `host` or `host:port`. */
  readonly retryJoin: readonly string[];
  /** Addresses that must answer at the start. */
  readonly startJoin: readonly string[];
  readonly retryIntervalMs: number;
  /** After how many vain attempts the agent gives up; 0 = never. */
  readonly retryMax: number;
  /** With how many servers the cluster begins; 0 = not given. */
  readonly bootstrapExpect: number;
  /** When a failed member is forgotten. */
  readonly reconnectTimeoutMs: number;
  /** What this agent asks to have as its own `reconnect_timeout`; 0 = nothing. */
  readonly advertiseReconnectTimeoutMs: number;
  /** From where others may join, `10.0.0.0/8`; empty = from anywhere. */
  readonly allowedNetworks: readonly string[];
  /** How long others have to turn to another server before this one goes. */
  readonly leaveDrainMs: number;
  readonly handshakeTimeoutMs: number;
  /** At the cluster door; 0 = no limit. */
  readonly maxConnectionsPerClient: number;
}

const HOUR_MS = 60 * 60_000;
const SHORTEST_RECONNECT_MS = 8 * HOUR_MS;

const invalid = (message: string): AppError => new AppError('invalidArgument', message);

/** The cluster's options with defaults (consul-behaviour 3.2). Throws AppError('invalidArgument' | 'unsupported'). */
export function resolveCluster(options: AgentOptions, server: boolean): ClusterConfig {
  const { encrypt = '', join = {}, retryMax = 0, bootstrapExpect = 0, limits = {}, performance = {} } = options;
  const keyProblem = encrypt === '' ? undefined : clusterKeyProblem(encrypt);
  if (keyProblem !== undefined) throw invalid(`encrypt: ${keyProblem}`);
  const { token: joinToken = '', tokenFile: joinTokenFile = '' } = join;
  if (joinToken !== '' && joinTokenFile !== '') throw invalid('join: give token or token_file, not both');
  if (joinToken !== '') parseJoinToken(joinToken);
  if (retryMax < 0) throw invalid(`retry_max must be at least 0, not ${retryMax}`);
  return {
    encrypt,
    joinToken,
    joinTokenFile,
    retryJoin: (options.retryJoin ?? []).map((address) => joinAddress('retry_join', address)),
    startJoin: (options.startJoin ?? []).map((address) => joinAddress('start_join', address)),
    retryIntervalMs: positive('retry_interval', options.retryIntervalMs ?? 30_000),
    retryMax,
    bootstrapExpect: checkedExpect(options, server, bootstrapExpect),
    reconnectTimeoutMs: reconnect('reconnect_timeout', options.reconnectTimeoutMs ?? 72 * HOUR_MS),
    advertiseReconnectTimeoutMs: reconnect('advertise_reconnect_timeout', options.advertiseReconnectTimeoutMs ?? 0),
    allowedNetworks: (options.serfLanAllowedCidrs ?? []).map(network),
    leaveDrainMs: performance.leaveDrainTimeMs ?? 5000,
    handshakeTimeoutMs: positive('limits.rpc_handshake_timeout', limits.rpcHandshakeTimeoutMs ?? 5000),
    maxConnectionsPerClient: limits.rpcMaxConnsPerClient ?? 100,
  };
}

function checkedExpect({ bootstrap = false, devMode = false }: AgentOptions, server: boolean, expect: number): number {
  if (expect === 0) return bootstrap ? 1 : 0;
  if (expect < 0) throw invalid(`bootstrap_expect cannot be ${expect}: give the number of servers`);
  if (devMode) throw invalid("'bootstrap_expect > 0' not allowed in dev mode");
  if (!server) throw invalid("'bootstrap_expect > 0' requires 'server = true'");
  if (bootstrap) throw invalid("'bootstrap_expect > 0' and 'bootstrap = true' are mutually exclusive");
  return expect;
}

function network(text: string): string {
  if (!isNetwork(text)) throw invalid(`serf_lan_allowed_cidrs: "${text}" is not a network: write it as 10.0.0.0/8`);
  return text;
}

function positive(option: string, ms: number): number {
  if (ms <= 0) throw invalid(`${option} must be longer than 0s`);
  return ms;
}

function reconnect(option: string, ms: number): number {
  if (ms !== 0 && ms < SHORTEST_RECONNECT_MS) throw invalid(`${option} must be at least 8h`);
  return ms;
}

function joinAddress(option: string, given: string): string {
  const address = given.trim();
  if (/^provider=|\sprovider=/.test(address))
    throw new AppError(
      'unsupported',
      `${option}: looking up members at a cloud provider is not implemented; give addresses, or a DNS name that has them all`,
    );
  if (address === '' || /[\s/]/.test(address))
    throw invalid(`${option}: "${given}" is not an address: give host or host:port`);
  return address;
}
