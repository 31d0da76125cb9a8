import type { DnsConfig } from '../../agent/config/index.js';
import type { Clock } from '../../core/index.js';
import type { StateStore } from '../../state/index.js';

/** What the DNS edge follows; a reload may change it. */
export interface DnsSettings extends DnsConfig {
  readonly nodeName: string;
  readonly datacenter: string;
}

export interface DnsLogger {
  trace(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
  isLevelEnabled(level: string): boolean;
}

/** What every DNS edge needs. */
export interface DnsEdgeDeps {
  readonly settings: () => DnsSettings;
  readonly clock: Clock;
  /** A number in [0, 1): the order of answers. */
  readonly random: () => number;
  readonly logger: DnsLogger;
  /** Told of every answered query. */
  readonly observe?: (kind: DnsQueryKind, durationMs: number) => void;
}

/** What that of a server needs. */
export interface DnsDeps extends DnsEdgeDeps {
  readonly store: StateStore;
}

/** Names of the domain, reverse names, and names of others. */
export type DnsQueryKind = 'domain' | 'ptr' | 'recurse';

/** Numbers an operator watches; they only grow, but for `tcpConnections`. */
export interface DnsCounters {
  queries: number;
  udpQueries: number;
  tcpQueries: number;
  nxDomain: number;
  servFail: number;
  refused: number;
  /** Answers that were cut to fit. */
  truncated: number;
  /** Packets dropped because they cannot be read. */
  malformed: number;
  /** Queries of a time when too many others were under way. */
  overload: number;
  /** Questions to recursors, and those nobody answered in time. */
  recursions: number;
  recursionFailures: number;
  tcpConnections: number;
  /** Connections closed for being idle, slow, or too many. */
  tcpDropped: number;
}

export const newCounters = (): DnsCounters => ({
  queries: 0,
  udpQueries: 0,
  tcpQueries: 0,
  nxDomain: 0,
  servFail: 0,
  refused: 0,
  truncated: 0,
  malformed: 0,
  overload: 0,
  recursions: 0,
  recursionFailures: 0,
  tcpConnections: 0,
  tcpDropped: 0,
});
