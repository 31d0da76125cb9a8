import { AppError, type Clock, pauseOn } from '../../../core/index.js';
import type { DutyFence, LiveArea, LiveChange } from '../live-area.js';
import { LiveWatchers } from '../live-watchers.js';
import { appErrorOf, type EtcdClient, EtcdError, type RequestOp, status } from './client/index.js';
import type { Layout } from './layout.js';
import { Lease } from './lease.js';
import { LiveWatch } from './live-watch.js';
import { OPERATIONS_PER_TRANSACTION } from './transaction.js';

/** Others take over after it at the latest; etcd does not give less than two seconds. */
const LEASE_SECONDS = 6;
const RETRY_MS = 200;

interface EtcdLiveAreaParts {
  readonly client: EtcdClient;
  readonly layout: Layout;
  readonly clock: Clock;
  readonly monotonicMs?: () => number;
  readonly leaseSeconds?: number;
  readonly onProblem: (error: AppError) => void;
}

interface Wanted {
  /** Undefined = to be removed. */
  readonly value: string | undefined;
  readonly resolve: () => void;
  readonly reject: (error: AppError) => void;
}

/**
 * The live area of an etcd cluster: keys under `<prefix>-live/` with a lease of this server. Nothing is asked of etcd before the
 * first use.
 */
export class EtcdLiveArea implements LiveArea {
  readonly #parts: EtcdLiveAreaParts;
  readonly #watchers = new LiveWatchers(false);
  readonly #aliveListeners = new Set<(isAlive: boolean) => void>();
  /** What this server has put and has not removed. */
  readonly #own = new Map<string, string>();
  /** What is not yet so in etcd, by key. */
  readonly #wanted = new Map<string, Wanted[]>();
  #lease: Lease | undefined;
  #watch: LiveWatch | undefined;
  #writing = false;
  #closed = false;

  constructor(parts: EtcdLiveAreaParts) {
    this.#parts = parts;
  }

  get isAlive(): boolean {
    return this.#lease?.isAlive ?? false;
  }

  put(key: string, value: string): Promise<void> {
    this.#own.set(key, value);
    return this.#want(key, value);
  }

  remove(key: string): Promise<void> {
    this.#own.delete(key);
    return this.#want(key, undefined);
  }

  async claim(key: string, value: string): Promise<DutyFence | undefined> {
    const { client, layout } = this.#parts;
    const lease = this.#start().id;
    if (lease === undefined) return undefined;
    const name = layout.live(key);
    try {
      const { header, succeeded, responses } = await client.txn({
        compare: [{ result: 'EQUAL', target: 'CREATE', key: name, create_revision: 0 }],
        success: [{ request_put: { key: name, value: Buffer.from(value), lease } }],
        failure: [{ request_range: { key: name } }],
      });
      if (succeeded) return { key, createRevision: Number(header.revision) };
      const found = responses[0]?.response_range?.kvs[0];
      return found?.lease === lease ? { key, createRevision: Number(found.create_revision) } : undefined;
    } catch (thrown) {
      this.#noteLease(thrown, lease);
      throw appErrorOf(thrown);
    }
  }

  watch(onChange: (change: LiveChange) => void): () => void {
    const { client, layout, clock, onProblem } = this.#parts;
    const range = layout.liveArea;
    if (!this.#closed) this.#watch ??= new LiveWatch({ client, clock, range, watchers: this.#watchers, onProblem });
    return this.#watchers.add(onChange);
  }

  onAlive(listener: (isAlive: boolean) => void): () => void {
    this.#start();
    this.#aliveListeners.add(listener);
    return () => this.#aliveListeners.delete(listener);
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#watch?.close();
    this.#watchers.close();
    this.#aliveListeners.clear();
    const left = [...this.#wanted.values()].flat();
    this.#wanted.clear();
    for (const { reject } of left) reject(stopping());
    await this.#lease?.close();
  }

  #start(): Lease {
    const {
      client,
      clock,
      monotonicMs = () => performance.now(),
      leaseSeconds = LEASE_SECONDS,
      onProblem,
    } = this.#parts;
    this.#lease ??= new Lease({
      client,
      clock,
      monotonicMs,
      ttlSeconds: leaseSeconds,
      onGranted: () => this.#putAnew(),
      onAlive: (isAlive) => {
        for (const listener of [...this.#aliveListeners]) listener(isAlive);
      },
      onProblem,
    });
    return this.#lease;
  }

  #want(key: string, value: string | undefined): Promise<void> {
    if (this.#closed) return Promise.reject(stopping());
    this.#start();
    return new Promise((resolve, reject) => {
      const former = this.#wanted.get(key) ?? [];
      this.#wanted.set(key, [...former, { value, resolve, reject }]);
      void this.#write();
    });
  }

  /** What was under a lease that is over is put under the new one, also what is on its way to etcd under the old one. */
  #putAnew(): void {
    for (const [key, value] of this.#own) {
      const former = this.#wanted.get(key) ?? [];
      this.#wanted.set(key, [...former, { value, resolve: () => undefined, reject: () => undefined }]);
    }
    void this.#write();
  }

  /** Writes what is wanted, one transaction after the other, so that of two writes of a key the later one stays. */
  async #write(): Promise<void> {
    if (this.#writing) return;
    this.#writing = true;
    // What is wanted in this turn of the event loop goes together.
    await Promise.resolve();
    while (this.#wanted.size > 0 && !this.#closed) {
      const lease = this.#lease?.id;
      const some = [...this.#wanted].slice(0, OPERATIONS_PER_TRANSACTION);
      if (lease === undefined || !(await this.#writeSome(lease, some))) {
        await pauseOn(this.#parts.clock, RETRY_MS);
        continue;
      }
      for (const [key, done] of some) {
        const left = (this.#wanted.get(key) ?? []).filter((each) => !done.includes(each));
        if (left.length > 0) this.#wanted.set(key, left);
        else this.#wanted.delete(key);
        for (const { resolve } of done) resolve();
      }
    }
    this.#writing = false;
  }

  async #writeSome(lease: string, some: readonly (readonly [string, readonly Wanted[]])[]): Promise<boolean> {
    const success = some.map(([name, wanted]): RequestOp => {
      const key = this.#parts.layout.live(name);
      const value = wanted.at(-1)?.value;
      return value === undefined
        ? { request_delete_range: { key } }
        : { request_put: { key, value: Buffer.from(value), lease } };
    });
    try {
      await this.#parts.client.txn({ compare: [], success });
      return true;
    } catch (thrown) {
      this.#noteLease(thrown, lease);
      return false;
    }
  }

  #noteLease(thrown: unknown, lease: string): void {
    if (thrown instanceof EtcdError && thrown.code === status.NOT_FOUND && /lease not found/.test(thrown.message))
      this.#lease?.lost(lease);
  }
}

const stopping = (): AppError => new AppError('unavailable', 'The server stops.');
