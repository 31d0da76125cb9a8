/** A server as the others see it: what raft and autopilot tell operators (consul-behaviour.md 1.11). */
export interface ServerMember {
  readonly id: string;
  readonly name: string;
  /** `host:port`, as Consul's raft would use it. */
  readonly address: string;
  readonly version: string;
  readonly status: 'alive' | 'failed' | 'left';
  /** Takes the writes that must be in one place, and runs what must run once. */
  readonly leader: boolean;
  readonly voter: boolean;
  /** Since it last heard of the leader; 0 of the leader itself. */
  readonly lastContactMs: number;
  readonly lastTerm: number;
  /** The newest index that it said it has applied; 0 = it has not said. */
  readonly lastIndex: number;
  /** How far it lagged behind when it said so; absent = it has not said. */
  readonly trailing?: number;
  /** Since when it has been as healthy or unhealthy as it is, ms since the epoch. */
  readonly stableSinceMs: number;
  readonly meta: Readonly<Record<string, string>>;
  /** What it raises the alarm about; it is not healthy then. */
  readonly alarms?: readonly string[];
}
