import { AppError } from '../../core/index.js';
import type { TableName } from '../../model/index.js';
import type {
  Backend,
  BackendCommit,
  BackendTransaction,
  CommitOutcome,
  StoredRecord,
  Submission,
  WatchEvent,
} from './backend.js';
import { type RevisionReader, failedCondition } from './conditions.js';

const HISTORY_LENGTH = 1000;

/** An engine that keeps everything in memory and loses it with the process: for `-dev` and tests. */
export function createMemoryBackend(): Backend {
  return new MemoryBackend();
}

class MemoryBackend implements Backend, RevisionReader {
  readonly name = 'memory';
  readonly #tables = new Map<TableName, Map<string, StoredRecord>>();
  readonly #watchers = new Set<(event: WatchEvent) => void>();
  /** The last commits, for a watch that starts in the past. */
  #history: BackendCommit[] = [];
  #undelivered: BackendCommit[] = [];
  #delivery: Promise<void> | undefined;
  #revision = 0;
  #closed = false;

  open(): Promise<void> {
    this.#closed = false;
    return Promise.resolve();
  }

  list(): Promise<{ revision: number; records: StoredRecord[] }> {
    this.#deliver();
    const records = [...this.#tables.values()].flatMap((table) => [...table.values()]);
    return Promise.resolve({ revision: this.#revision, records });
  }

  async commit(transaction: BackendTransaction): Promise<CommitOutcome> {
    const submission = this.submit(transaction);
    if (!submission.ok) return submission;
    await submission.durable;
    return { ok: true, revision: submission.revision };
  }

  submit(transaction: BackendTransaction): Submission {
    if (this.#closed) throw new AppError('unavailable', 'The store is closed: start the agent again.');
    const conflict = failedCondition(transaction.conditions, this);
    if (conflict) return { ok: false, conflict };
    const revision = ++this.#revision;
    const changes = transaction.operations.map((operation) => this.#apply(operation, revision));
    this.#undelivered.push({ revision, changes });
    this.#delivery ??= Promise.resolve().then(() => this.#deliver());
    return { ok: true, revision, durable: this.#delivery };
  }

  watch(afterRevision: number, onEvent: (event: WatchEvent) => void): () => void {
    this.#deliver();
    const oldest = this.#history[0]?.revision ?? this.#revision + 1;
    if (afterRevision + 1 < oldest && afterRevision < this.#revision) {
      queueMicrotask(() => onEvent({ type: 'resync', reason: 'the wanted revision is no longer kept' }));
      return () => undefined;
    }
    for (const commit of this.#history) if (commit.revision > afterRevision) onEvent({ type: 'commit', commit });
    this.#watchers.add(onEvent);
    return () => this.#watchers.delete(onEvent);
  }

  barrier(): Promise<number> {
    return Promise.resolve(this.#revision);
  }

  close(): Promise<void> {
    this.#closed = true;
    this.#deliver();
    this.#watchers.clear();
    return Promise.resolve();
  }

  modRevision(table: TableName, key: string): number {
    return this.#tables.get(table)?.get(key)?.modRevision ?? 0;
  }

  keys(table: TableName): Iterable<string> {
    return this.#tables.get(table)?.keys() ?? [];
  }

  #apply(operation: BackendTransaction['operations'][number], revision: number): BackendCommit['changes'][number] {
    const { table, key } = operation;
    let records = this.#tables.get(table);
    if (!records) this.#tables.set(table, (records = new Map()));
    if (operation.type === 'delete') {
      records.delete(key);
      return { table, key, deleted: true };
    }
    const createRevision = records.get(key)?.createRevision ?? revision;
    const record = { table, key, value: operation.value, createRevision, modRevision: revision };
    records.set(key, record);
    return record;
  }

  /** Hands all commits of one turn to the watchers together, so that a burst is one burst for them too. */
  #deliver(): void {
    const commits = this.#undelivered;
    this.#undelivered = [];
    this.#delivery = undefined;
    this.#history.push(...commits);
    if (this.#history.length > 2 * HISTORY_LENGTH) this.#history = this.#history.slice(-HISTORY_LENGTH);
    for (const commit of commits) for (const watcher of [...this.#watchers]) watcher({ type: 'commit', commit });
  }
}
