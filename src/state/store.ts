import { Observable, Subject } from 'rxjs';
import { AppError, type Clock, tupleKey } from '../core/index.js';
import type { Cell, MeshView, TableName, Tables } from '../model/index.js';
import { AppliedRevisions } from './applied-revisions.js';
import type { Backend, DutyFence } from './backend/index.js';
import { ParkedQueries } from './blocking-query.js';
import { CellGraph, type CellNode, IdleCells, PrivateView, type ReadListener, Subscription } from './derive/index.js';
import { reapMarks } from './reap-marks.js';
import { Replica } from './replica.js';
import { ReplicaFingerprint } from './replica-fingerprint.js';
import { SharedBarrier } from './shared-barrier.js';
import type {
  BlockingOptions,
  Commit,
  CommitResult,
  Duty,
  FailingCell,
  IndexedValue,
  StateStore,
  Traced,
  Transaction,
} from './state-store.js';
import { type RestoredState, type StateCapture, applyRestore, captureState } from './snapshot/index.js';
import { Database, RESTORED, definitionOf } from './tables/index.js';
import { Committer, PendingCommits, TransactionView } from './transactions/index.js';
import { Verifier } from './verifier.js';

const VERIFY_EVERY_MS = 5 * 60_000;

/** What a store is made of. */
export interface StateStoreOptions {
  readonly backend: Backend;
  readonly clock: Clock;
  /** Numbers in [0, 1): jitter only. */
  readonly random?: () => number;
  /** How often the state is compared with what the engine holds, where they can differ; 0 = never. Default: five minutes. */
  readonly verifyEveryMs?: number;
  /** Told of faults that have no caller: an unreadable record, a subscriber that throws, a watch that cannot be renewed. */
  readonly onProblem?: (error: AppError) => void;
}

/**
 * Makes the store over an engine and begins to load it; wait for `ready` before anything else. `ready` rejects with
 * AppError('corruptState' | 'unavailable') when the engine cannot be opened.
 */
export function createStateStore(options: StateStoreOptions): StateStore {
  return new Store(options);
}

const unnoticed: ReadListener = { get: () => undefined, range: () => undefined };

class Store implements StateStore {
  readonly ready: Promise<void>;
  readonly counters = {
    cellsComputed: 0,
    cellsVerified: 0,
    flushes: 0,
    conflicts: 0,
    commits: 0,
    resyncs: 0,
    verifications: 0,
    divergences: 0,
  };
  readonly view: MeshView;
  readonly #backend: Backend;
  readonly #clock: Clock;
  readonly #database = new Database();
  readonly #applied = new AppliedRevisions();
  readonly #commits = new Subject<Commit>();
  readonly #graph: CellGraph;
  readonly #idle: IdleCells;
  readonly #parked: ParkedQueries;
  readonly #pending: PendingCommits;
  readonly #replica: Replica;
  readonly #verifier: Verifier;
  readonly #committer: Committer;
  readonly #barrier: SharedBarrier;
  readonly #onProblem: (error: AppError) => void;
  readonly #flushListeners = new Set<(index: number) => void>();
  readonly #restoreListeners = new Set<() => void>();
  /** Why the state could not be loaded. */
  #failure: AppError | undefined;
  #state: 'loading' | 'ready' | 'closed' = 'loading';

  constructor({
    backend,
    clock,
    random = Math.random,
    verifyEveryMs = VERIFY_EVERY_MS,
    onProblem = (error) => process.emitWarning(error),
  }: StateStoreOptions) {
    const database = this.#database;
    const applied = this.#applied;
    const pending = new PendingCommits(database);
    const scheduleFlush = (): void => queueMicrotask(() => this.#flush());
    this.#backend = backend;
    this.#clock = clock;
    this.#pending = pending;
    this.#onProblem = onProblem;
    this.#graph = new CellGraph(database, this.counters, scheduleFlush, (node) => this.#idle.touch(node));
    this.#idle = new IdleCells(clock, (node) => this.#graph.drop(node));
    this.#parked = new ParkedQueries(this.#graph, clock, random);
    const barrier = new SharedBarrier(backend, applied);
    this.#barrier = barrier;
    this.#committer = new Committer({
      backend,
      database,
      applied,
      barrier,
      pending,
      clock,
      random,
      counters: this.counters,
    });
    const onCommit = (commit: Commit): void => {
      if (this.#state !== 'ready') return;
      this.counters.commits += 1;
      this.#commits.next(commit);
    };
    const fingerprint = backend.fingerprint ? new ReplicaFingerprint() : undefined;
    const { counters } = this;
    this.#replica = new Replica({
      backend,
      database,
      graph: this.#graph,
      applied,
      pending,
      clock,
      fingerprint,
      counters,
      onCommit,
      onRestored: () => this.#restored(),
      onProblem,
    });
    const heal = (): void => this.#replica.heal();
    this.#verifier = new Verifier({
      backend,
      applied,
      fingerprint,
      clock,
      everyMs: verifyEveryMs,
      counters,
      heal,
      onProblem,
    });
    this.view = {
      get: (table, key) => this.#open().get(table, key) as never,
      range: (table, index, prefix) => this.#open().range(table, index, prefix) as never,
      cell: (definition, key) => this.read(definition, key).value,
    };
    this.ready = this.#replica.start().then(() => {
      if (this.#state !== 'loading') return;
      this.#state = 'ready';
      this.#verifier.start();
    });
    // Whoever awaits `ready` gets the error; nobody doing so yet must not end the process.
    this.ready.catch((thrown: unknown) => {
      this.#failure = AppError.from(thrown);
    });
  }

  get index(): number {
    return Math.max(1, this.#applied.revision + this.#database.base);
  }

  get commits$(): Observable<Commit> {
    return this.#commits.asObservable();
  }

  first<Name extends TableName>(
    table: Name,
    index: string,
    prefix: readonly string[],
    limit: number,
  ): readonly Tables[Name][] {
    return this.#open().range(table, index, prefix, limit) as never;
  }

  transact<Result>(
    name: string,
    run: (transaction: Transaction) => Result,
    fence?: DutyFence,
  ): Promise<CommitResult<Result>> {
    if (this.#state === 'ready') return this.#committer.transact(name, run, fence);
    return this.ready.then(() => {
      this.#open();
      return this.#committer.transact(name, run, fence);
    });
  }

  read<Value>(definition: Cell<Value>, key: string): IndexedValue<Value> {
    this.#open();
    const node = this.#graph.fresh(definition, key);
    if (node.problem) throw node.problem;
    return { value: node.value as Value, index: this.#answerIndex(node.index) };
  }

  async query<Value>(definition: Cell<Value>, key: string, options: BlockingOptions): Promise<IndexedValue<Value>> {
    await this.ready;
    const answer = this.read(definition, key);
    if (options.index < 1 || answer.index > options.index) return answer;
    await this.#parked.wait(this.#graph.fresh(definition, key), options);
    return this.read(definition, key);
  }

  subscribe<Value>(definition: Cell<Value>, key: string, onChange: (value: Value, index: number) => void): () => void {
    this.#open();
    const node: CellNode = this.#graph.fresh(definition, key);
    const subscription = new Subscription(
      (value, index) => onChange(value as Value, this.#answerIndex(index)),
      (thrown) => this.#onProblem(AppError.from(thrown)),
    );
    this.#graph.addConsumer(node, subscription);
    if (node.valueVersion > 0) subscription.tell(node);
    return () => this.#graph.removeConsumer(node, subscription);
  }

  cell$<Value>(definition: Cell<Value>, key: string): Observable<Value> {
    return new Observable((subscriber) => this.subscribe(definition, key, (value) => subscriber.next(value)));
  }

  onFlushed(listener: (index: number) => void): () => void {
    this.#flushListeners.add(listener);
    return () => this.#flushListeners.delete(listener);
  }

  whatIf<Result>(overlay: (transaction: Transaction) => void, run: (view: MeshView) => Result): Result {
    const database = this.#open();
    const nextIndex = this.#applied.revision + database.base + 1;
    const transaction = new TransactionView(database, nextIndex, unnoticed, this.#clock.now());
    overlay(transaction);
    return run(new PrivateView(transaction.reader));
  }

  get isCurrent(): boolean {
    const newest = this.#state === 'ready' ? this.#backend.newestRevision?.() : undefined;
    return newest !== undefined && newest <= this.#applied.revision;
  }

  async barrier(): Promise<void> {
    await this.ready;
    this.#open();
    await this.#barrier.wait();
  }

  trace<Result>(run: (view: MeshView) => Result): Traced<Result> {
    const reads = new Map<string, Traced<Result>['reads'][number]>();
    const note = (table: TableName, key: string): void => void reads.set(tupleKey(table) + key, { table, key });
    const view = new PrivateView(this.#open(), {
      get: (table, key, row) => row && note(table, key),
      range: (table, _index, _prefix, rows) => {
        for (const row of rows) note(table, definitionOf(table).key(row));
      },
    });
    return { result: run(view), reads: [...reads.values()] };
  }

  async reapMarks(olderThanIndex: number, duty?: Duty): Promise<number> {
    await this.ready;
    const marks = [...this.#open().table('marks').entries()]
      .filter(([, { modifyIndex }]) => modifyIndex < olderThanIndex)
      .map(([range, { modifyIndex }]) => ({ range, modifyIndex }));
    return reapMarks(duty ?? this, marks);
  }

  capture(): StateCapture {
    return captureState(this.#open(), this.index);
  }

  restore(
    state: RestoredState,
    savedIndex: number,
    around: (transaction: Transaction, replace: () => void) => void,
  ): Promise<CommitResult<void>> {
    return this.transact('restore', (transaction) => {
      const database = this.#open();
      const now = Math.max(this.#pending.tip, this.#applied.revision) + database.base;
      const present = [...database.keys(), ...this.#pending.writes()];
      around(transaction, () => applyRestore(transaction, state, present, { now, saved: savedIndex }));
    });
  }

  get epoch(): string {
    return `${this.#replica.history}/${this.view.get('system', RESTORED)?.value ?? 0}`;
  }

  onRestored(listener: () => void): () => void {
    this.#restoreListeners.add(listener);
    return () => this.#restoreListeners.delete(listener);
  }

  get sizes(): { readonly cells: number; readonly parkedQueries: number } {
    return { cells: this.#graph.size, parkedQueries: this.#parked.size };
  }

  problems(): readonly FailingCell[] {
    return [...this.#graph.failing()].map(({ definition, key, problem }) => ({
      kind: definition.kind,
      key,
      error: problem as AppError,
    }));
  }

  async close(): Promise<void> {
    this.#state = 'closed';
    this.#verifier.close();
    const error = new AppError('unavailable', 'The store is closing: send the request again to another server.');
    this.#parked.close(error);
    // What the engine still writes is applied and answered; the rest is refused.
    await this.#backend.close();
    this.#replica.close();
    this.#idle.close();
    this.#applied.close(error);
    this.#commits.complete();
  }

  #open(): Database {
    if (this.#state === 'ready') return this.#database;
    if (this.#state === 'closed') throw new AppError('unavailable', 'The store is closed: start the agent again.');
    throw this.#failure ?? new AppError('unavailable', 'The state is still being loaded: try again in a moment.');
  }

  #answerIndex(index: number): number {
    return Math.max(1, index, this.#database.floor);
  }

  #restored(): void {
    this.#parked.wakeAll();
    for (const listener of [...this.#restoreListeners]) {
      try {
        listener();
      } catch (thrown) {
        this.#onProblem(AppError.from(thrown));
      }
    }
  }

  #flush(): void {
    if (this.#state === 'closed') return;
    try {
      if (!this.#graph.flush()) return;
    } catch (thrown) {
      this.#onProblem(AppError.from(thrown));
      return;
    }
    for (const listener of [...this.#flushListeners]) {
      try {
        listener(this.index);
      } catch (thrown) {
        this.#onProblem(AppError.from(thrown));
      }
    }
  }
}
