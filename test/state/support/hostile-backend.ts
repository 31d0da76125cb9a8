import { AppError } from '../../../src/core/index.js';
import type { TableName } from '../../../src/model/index.js';
import type {
  Backend,
  BackendCommit,
  BackendTransaction,
  CommitOutcome,
  StoredRecord,
  WatchEvent,
} from '../../../src/state/index.js';
import { failedCondition } from '../../../src/state/backend/conditions.js';

interface Watch {
  readonly onEvent: (event: WatchEvent) => void;
  next: number;
  stopped: boolean;
}

/** What may go wrong. Probabilities are per call; everything is drawn from `random`. */
export interface Hostility {
  readonly random: () => number;
  /** A commit's outcome stays unknown: it is (or is not) applied and rejects. */
  readonly unknownOutcome?: number;
  /** A watch ends with `resync` although nothing is lost. */
  readonly brokenWatch?: number;
  /** The history is cut, so that watches behind it must start anew. */
  readonly compaction?: number;
  /** Somebody else's key, which we do not watch, takes a revision. */
  readonly strangers?: number;
}

/**
 * The server side of an engine that behaves like etcd: one revision for all keys (others use it too, so revisions have gaps),
 * compare-and-write transactions, a history that is compacted, watches that lag and break. `connect` gives the Backend of one
 * server process; several may be connected.
 */
export class HostileEngine {
  readonly hostility: Hostility;
  readonly #records = new Map<TableName, Map<string, StoredRecord>>();
  readonly #watches = new Set<Watch>();
  #history: BackendCommit[] = [];
  #compacted = 0;
  #held = false;
  revision = 1;
  /** Revision of our newest transaction. */
  tip = 1;

  constructor(hostility: Hostility) {
    this.hostility = hostility;
  }

  connect(): Backend {
    return new HostileBackend(this);
  }

  chance(probability: number | undefined): boolean {
    return this.hostility.random() < (probability ?? 0);
  }

  /** Applies a transaction at once, as another process would. */
  apply({ conditions, operations }: BackendTransaction): CommitOutcome {
    const conflict = failedCondition(conditions, this);
    if (conflict) return { ok: false, conflict };
    if (this.chance(this.hostility.strangers)) this.revision += 1 + Math.floor(this.hostility.random() * 3);
    const revision = ++this.revision;
    this.tip = revision;
    const changes = operations.map((operation) => this.#write(operation, revision));
    this.#history.push({ revision, changes });
    if (this.chance(this.hostility.compaction)) this.compact();
    if (!this.#held) for (const watch of this.#watches) this.#pump(watch);
    return { ok: true, revision };
  }

  list(): { revision: number; records: StoredRecord[] } {
    return { revision: this.revision, records: [...this.#records.values()].flatMap((table) => [...table.values()]) };
  }

  watch(afterRevision: number, onEvent: (event: WatchEvent) => void): () => void {
    const watch: Watch = { onEvent, next: afterRevision + 1, stopped: false };
    this.#watches.add(watch);
    if (!this.#held) this.#pump(watch);
    return () => {
      watch.stopped = true;
      this.#watches.delete(watch);
    };
  }

  /** Stops handing out events until `release`. */
  hold(): void {
    this.#held = true;
  }

  release(): void {
    this.#held = false;
    for (const watch of this.#watches) this.#pump(watch);
  }

  /** Forgets the history: watches that have not read it yet cannot go on. */
  compact(): void {
    this.#compacted = this.revision;
    this.#history = [];
  }

  /** Ends every watch. */
  breakWatches(): void {
    for (const watch of this.#watches) this.#end(watch, 'the connection was lost');
  }

  modRevision(table: TableName, key: string): number {
    return this.#records.get(table)?.get(key)?.modRevision ?? 0;
  }

  keys(table: TableName): Iterable<string> {
    return this.#records.get(table)?.keys() ?? [];
  }

  /** Events arrive some turns later, several at a time, in order. */
  #pump(watch: Watch): void {
    later(this.hostility.random, () => {
      if (watch.stopped || this.#held) return;
      if (watch.next <= this.#compacted) this.#end(watch, 'the wanted revision was compacted');
      else if (this.chance(this.hostility.brokenWatch)) this.#end(watch, 'the connection was lost');
      for (const commit of this.#history) {
        if (watch.stopped) return;
        if (commit.revision < watch.next) continue;
        watch.next = commit.revision + 1;
        watch.onEvent({ type: 'commit', commit });
      }
    });
  }

  #end(watch: Watch, reason: string): void {
    if (watch.stopped) return;
    watch.stopped = true;
    this.#watches.delete(watch);
    watch.onEvent({ type: 'resync', reason });
  }

  #write(operation: BackendTransaction['operations'][number], revision: number): BackendCommit['changes'][number] {
    const { table, key } = operation;
    let records = this.#records.get(table);
    if (!records) this.#records.set(table, (records = new Map()));
    if (operation.type === 'delete') {
      records.delete(key);
      return { table, key, deleted: true };
    }
    const createRevision = records.get(key)?.createRevision ?? revision;
    const record = { table, key, value: operation.value, createRevision, modRevision: revision };
    records.set(key, record);
    return record;
  }
}

class HostileBackend implements Backend {
  readonly name = 'hostile';
  readonly #engine: HostileEngine;

  constructor(engine: HostileEngine) {
    this.#engine = engine;
  }

  open(): Promise<void> {
    return this.#turns();
  }

  async list(): Promise<{ revision: number; records: StoredRecord[] }> {
    await this.#turns();
    const listed = this.#engine.list();
    await this.#turns();
    return listed;
  }

  async commit(transaction: BackendTransaction): Promise<CommitOutcome> {
    await this.#turns();
    const { hostility } = this.#engine;
    const isUnknown = this.#engine.chance(hostility.unknownOutcome);
    if (isUnknown && this.#engine.chance(0.5)) throw new AppError('unavailable', 'The request timed out.');
    const outcome = this.#engine.apply(transaction);
    await this.#turns();
    if (isUnknown) throw new AppError('unavailable', 'The request timed out.');
    return outcome;
  }

  watch(afterRevision: number, onEvent: (event: WatchEvent) => void): () => void {
    return this.#engine.watch(afterRevision, onEvent);
  }

  async barrier(): Promise<number> {
    await this.#turns();
    const { tip } = this.#engine;
    await this.#turns();
    return tip;
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  #turns(): Promise<void> {
    return new Promise((resolve) => later(this.#engine.hostility.random, resolve));
  }
}

/** Runs `task` after none to three turns of the event loop. */
function later(random: () => number, task: () => void): void {
  let turns = Math.floor(random() * 4);
  const step = (): void => {
    if (turns === 0) task();
    else {
      turns -= 1;
      setImmediate(step);
    }
  };
  if (turns === 0) queueMicrotask(task);
  else step();
}
