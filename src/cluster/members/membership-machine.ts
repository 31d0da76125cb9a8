import type { MemberRecord } from '../../model/index.js';

/** What is to become of a member. */
export type MemberChange = { readonly kind: 'alive' | 'failed' | 'forgotten'; readonly key: string };

/** A live member as it is now. */
export type LiveFacts = Pick<
  MemberRecord,
  'node' | 'id' | 'address' | 'port' | 'role' | 'tags' | 'reconnectTimeoutMs'
> & {
  /** When whoever holds its heartbeat began to hold it, ms since the epoch. */
  readonly heldSinceMs: number;
};

export interface MembershipSettings {
  /** How long a member may be without a heartbeat before it has failed: it may be on its way to another server. */
  readonly graceMs: number;
  /** How long nobody fails after this server has started: members of one that was restarted must find it again. */
  readonly firstGraceMs: number;
  readonly reconnectTimeoutMs: number;
  /** How long a member that has left is still listed. */
  readonly leftTimeoutMs: number;
}

/** For how long a heartbeat that began before its member left is taken for what it is: a trace of the past. */
const STALE_MS = 30_000;

/**
 * Alive, failed, left, forgotten (consul-behaviour 11.2, 11.3): what the records of members must become, given who lives. It has
 * no clock: whoever looks says what time it is. Keys are those of records.
 */
export class MembershipMachine {
  readonly #settings: MembershipSettings;
  readonly #beganMs: number;
  readonly #missingSinceMs = new Map<string, number>();

  /** `startedMs`: when this server was started. */
  constructor(settings: MembershipSettings, startedMs: number) {
    this.#settings = settings;
    this.#beganMs = startedMs;
  }

  /** `isInOrder` = the catalog has what it must have of a member that lives. */
  look(
    records: ReadonlyMap<string, MemberRecord>,
    live: ReadonlyMap<string, LiveFacts>,
    nowMs: number,
    isInOrder: (record: MemberRecord) => boolean,
  ): MemberChange[] {
    const changes: MemberChange[] = [];
    for (const [key, facts] of live) {
      this.#missingSinceMs.delete(key);
      if (isNews(records.get(key), facts, nowMs, isInOrder)) changes.push({ kind: 'alive', key });
    }
    for (const [key, record] of records) {
      if (live.has(key)) continue;
      const kind = this.#verdict(key, record, nowMs);
      if (kind !== undefined) changes.push({ kind, key });
    }
    for (const key of this.#missingSinceMs.keys()) if (!records.has(key)) this.#missingSinceMs.delete(key);
    return changes;
  }

  #verdict(key: string, record: MemberRecord, nowMs: number): 'failed' | 'forgotten' | undefined {
    const { graceMs, firstGraceMs, reconnectTimeoutMs, leftTimeoutMs } = this.#settings;
    if (record.status === 'alive') {
      const since = this.#missingSinceMs.get(key) ?? nowMs;
      this.#missingSinceMs.set(key, since);
      const isOver = nowMs >= since + graceMs && nowMs >= this.#beganMs + firstGraceMs;
      return isOver ? 'failed' : undefined;
    }
    this.#missingSinceMs.delete(key);
    const timeoutMs = record.status === 'left' ? leftTimeoutMs : record.reconnectTimeoutMs || reconnectTimeoutMs;
    return nowMs >= record.sinceMs + timeoutMs ? 'forgotten' : undefined;
  }
}

function isNews(
  record: MemberRecord | undefined,
  facts: LiveFacts,
  nowMs: number,
  isInOrder: (record: MemberRecord) => boolean,
): boolean {
  if (record === undefined) return true;
  if (record.status === 'left') return facts.heldSinceMs > record.sinceMs || nowMs > record.sinceMs + STALE_MS;
  return record.status === 'failed' || differs(record, facts) || !isInOrder(record);
}

function differs(record: MemberRecord, facts: LiveFacts): boolean {
  const { id, address, port, role, reconnectTimeoutMs, tags } = facts;
  const [own, others] = [Object.entries(record.tags), Object.entries(tags)];
  return (
    record.node !== facts.node ||
    record.id !== id ||
    record.address !== address ||
    record.port !== port ||
    record.role !== role ||
    record.reconnectTimeoutMs !== reconnectTimeoutMs ||
    own.length !== others.length ||
    own.some(([name, value]) => tags[name] !== value)
  );
}
