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
import { CommitFeed } from './commit-feed.js';
import { type RevisionReader, failedCondition } from './conditions.js';

/** As in etcd an empty engine is at revision 1, so that the first commit's index is above the 1 of an empty answer. */
const FIRST_REVISION = 1;

/** An engine that keeps everything in memory and loses it with the process: for `-dev` and tests. */
export function createMemoryBackend(): Backend {
  return new MemoryBackend();
}

class MemoryBackend implements Backend, RevisionReader {
  readonly name = 'memory';
  readonly #tables = new Map<TableName, Map<string, StoredRecord>>();
  readonly #feed = new CommitFeed(FIRST_REVISION);
  #undelivered: BackendCommit[] = [];
  #delivery: Promise<void> | undefined;
  #revision = FIRST_REVISION;
  #isOpen = false;

  open(): Promise<void> {
    this.#isOpen = true;
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
    if (!this.#isOpen) throw new AppError('unavailable', 'The store is closed: start the agent again.');
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
    return this.#feed.watch(afterRevision, onEvent);
  }

  barrier(): Promise<number> {
    return Promise.resolve(this.#revision);
  }

  newestRevision(): number {
    return this.#revision;
  }

  close(): Promise<void> {
    this.#isOpen = false;
    this.#deliver();
    this.#feed.close();
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
    this.#feed.publish(commits);
  }
}
