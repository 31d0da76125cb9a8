import type { Compare, KeyValue, RequestOp, WatchEvent } from '../../../src/state/backend/etcd/client/index.js';

interface Version {
  readonly revision: number;
  /** Undefined = deleted. */
  readonly kv: KeyValue | undefined;
}

/** A request as it comes off the wire: numbers are text. */
export type Wire<Value> = {
  readonly [Name in keyof Value]: Value[Name] extends number | undefined ? string : Value[Name];
};

/** The truth of the fake etcd: every key at every revision that is not compacted. */
export class FakeStore {
  revision = 1;
  compacted = 0;
  /** Events of each revision that changed something, oldest first. */
  readonly history: { readonly revision: number; readonly events: readonly WatchEvent[] }[] = [];
  /** By the key's bytes as text, so that text order is byte order. */
  readonly #keys = new Map<string, Version[]>();

  /** All keys of a range at a revision, in order. */
  range(key: Buffer, rangeEnd: Buffer, revision = this.revision): KeyValue[] {
    const [from, to] = [key.toString('latin1'), rangeEnd.toString('latin1')];
    const isInside = (name: string): boolean => (to === '' ? name === from : name >= from && name < to);
    const names = to === '' ? (this.#keys.has(from) ? [from] : []) : [...this.#keys.keys()].filter(isInside).sort();
    return names.map((name) => this.#at(name, revision)).filter((kv) => kv !== undefined);
  }

  holds({ key, range_end, result, target, ...wanted }: Wire<Compare>): boolean {
    const kvs = this.range(key, range_end ?? Buffer.alloc(0));
    const field = ({ VERSION: 'version', CREATE: 'create_revision', MOD: 'mod_revision' } as const)[target];
    const values = kvs.length === 0 ? [0] : kvs.map((kv) => Number(kv[field]));
    const limit = Number(wanted[field]);
    return values.every((value) =>
      result === 'EQUAL' ? value === limit : result === 'GREATER' ? value > limit : value < limit,
    );
  }

  /** Applies puts and deletes at one new revision; without a change there is none. */
  apply(operations: readonly RequestOp[]): void {
    const revision = this.revision + 1;
    const events: WatchEvent[] = [];
    for (const { request_put, request_delete_range } of operations) {
      if (request_put) events.push({ type: 'PUT', kv: this.#put(request_put, revision) });
      if (request_delete_range)
        for (const { key } of this.range(request_delete_range.key, request_delete_range.range_end ?? Buffer.alloc(0))) {
          this.#versions(key).push({ revision, kv: undefined });
          const gone = {
            key,
            create_revision: '0',
            mod_revision: String(revision),
            version: '0',
            value: Buffer.alloc(0),
            lease: '0',
          };
          events.push({ type: 'DELETE', kv: gone });
        }
    }
    if (events.length === 0) return;
    this.revision = revision;
    this.history.push({ revision, events });
  }

  /** The keys that go with a lease. */
  leased(lease: string): Buffer[] {
    return this.range(Buffer.from([0]), Buffer.from([255]))
      .filter((kv) => kv.lease === lease)
      .map(({ key }) => key);
  }

  /** Becomes what it was at an older revision: what came after never was. */
  rewind(revision: number): void {
    this.revision = revision;
    this.history.splice(0, this.history.length, ...this.history.filter((entry) => entry.revision <= revision));
    for (const versions of this.#keys.values())
      versions.splice(0, versions.length, ...versions.filter((version) => version.revision <= revision));
  }

  compact(revision: number): void {
    this.compacted = Math.max(this.compacted, Math.min(revision, this.revision));
  }

  #put({ key, value, lease = '0' }: NonNullable<RequestOp['request_put']>, revision: number): KeyValue {
    const versions = this.#versions(key);
    const former = versions.at(-1)?.kv;
    const kv = {
      key,
      value,
      lease,
      create_revision: former?.create_revision ?? String(revision),
      mod_revision: String(revision),
      version: String(Number(former?.version ?? 0) + 1),
    };
    versions.push({ revision, kv });
    return kv;
  }

  #versions(key: Buffer): Version[] {
    const name = key.toString('latin1');
    let versions = this.#keys.get(name);
    if (!versions) this.#keys.set(name, (versions = []));
    return versions;
  }

  #at(name: string, revision: number): KeyValue | undefined {
    return this.#keys.get(name)?.findLast((version) => version.revision <= revision)?.kv;
  }
}
