import type { Observable } from 'rxjs';
import type { AppError } from '../core/index.js';
import type { DutyFence } from './backend/index.js';
import type { RestoredState, StateCapture } from './snapshot/index.js';
import type { Cell, Draft, MeshView, TableName, Tables } from '../model/index.js';

/** One applied revision, as consumers of `commits$` see it. `index` is what clients are shown (revision + base). */
export interface Commit {
  readonly index: number;
  readonly changes: readonly {
    readonly table: TableName;
    readonly key: string;
    readonly before?: object;
    readonly after?: object;
  }[];
}

/** A view that also collects writes; reads see the transaction's own writes. Everything read becomes a condition. */
export interface Transaction extends MeshView {
  /** The store's time when this run began, in ms since the epoch: for what has a deadline, or is noted with a write. */
  readonly nowMs: number;
  /** The first `limit` records of a range, at a cost that does not grow with the range; counts as a read of the whole of it. */
  first<Name extends TableName>(
    table: Name,
    index: string,
    prefix: readonly string[],
    limit: number,
  ): readonly Tables[Name][];
  /**
   * As `first`, but the range becomes no condition: for ranges that no key prefix narrows, whose every change also changes a record
   * that this transaction reads by its key.
   */
  peek<Name extends TableName>(
    table: Name,
    index: string,
    prefix: readonly string[],
    limit: number,
  ): readonly Tables[Name][];
  put<Name extends TableName>(table: Name, record: Draft<Tables[Name]>): void;
  delete(table: TableName, key: string): void;
  /** Whether this transaction has deleted the stored record of a key, also if it has written another one since. */
  hasDeleted(table: TableName, key: string): boolean;
  /**
   * Makes this transaction conflict with every other one that guards the same family, whatever they read: for checks over
   * more of the state than can be compared (graph checks of config entries, intentions, ACL).
   */
  guard(family: string): void;
}

export interface CommitResult<Result> {
  readonly result: Result;
  /** The index at which the writes were applied; the current index when nothing was written. */
  readonly index: number;
}

/** Work that is done by one of several servers at a time, while this server has it. What is written as part of it goes through here. */
export interface Duty {
  /** As of this very moment. What is not written through `transact` may still be done twice. */
  readonly isHeld: boolean;
  /** As `StateStore.transact`; AppError('conflict') when this server does not have the duty any more: nothing is written then. */
  transact<Result>(name: string, run: (transaction: Transaction) => Result): Promise<CommitResult<Result>>;
}

/** Runs `start` whenever this server gets a duty, and what it returned when the duty is lost. Returns the function that gives it up. */
export type TakeDuty = (start: (duty: Duty) => () => void) => () => void;

/** An answer with the index it has as a function of state: the greatest of what was read, records and range marks. */
export interface IndexedValue<Value> {
  readonly value: Value;
  readonly index: number;
}

export interface BlockingOptions {
  /** Wait while the answer's index is not above this; 0 answers at once. */
  readonly index: number;
  readonly waitMs: number;
  readonly signal?: AbortSignal;
}

/** A value with the records that exist and were read on the way to it. */
export interface Traced<Result> {
  readonly result: Result;
  readonly reads: readonly { readonly table: TableName; readonly key: string }[];
}

/** A cell whose newest computation threw. */
export interface FailingCell {
  readonly kind: string;
  readonly key: string;
  readonly error: AppError;
}

/** The store: whole state in memory, fed by one backend watch, read by tracked views. */
export interface StateStore {
  /** Resolves when the state is loaded; nothing may be answered from the store before. */
  readonly ready: Promise<void>;
  readonly index: number;
  /** An untracked view of the newest applied revision. */
  readonly view: MeshView;
  readonly commits$: Observable<Commit>;
  /** The first `limit` records of a range as they are now, at a cost that does not grow with the range. */
  first<Name extends TableName>(
    table: Name,
    index: string,
    prefix: readonly string[],
    limit: number,
  ): readonly Tables[Name][];

  /**
   * Runs `run` over a tracked view and commits its writes with its reads as conditions; runs it again on conflict (bounded,
   * with jitter, then AppError('busy')). A record equal to the stored one is no write. Resolves after the writes are applied
   * here. `run` must be synchronous and free of effects; what it throws is passed on and nothing is written. With the fence of a
   * duty nothing is written, and AppError('conflict') thrown, once another server has it.
   */
  transact<Result>(
    name: string,
    run: (transaction: Transaction) => Result,
    fence?: DutyFence,
  ): Promise<CommitResult<Result>>;

  /** The current value of a cell with its index. Throws what the computation threw. */
  read<Value>(definition: Cell<Value>, key: string): IndexedValue<Value>;

  /** Consul's blocking query over a cell: shared by all who wait for the same (kind, key). */
  query<Value>(definition: Cell<Value>, key: string, options: BlockingOptions): Promise<IndexedValue<Value>>;

  /**
   * Keeps a cell live. `onChange` gets every different value, at most once per flush, after all live cells are verified at one
   * revision; the first call is synchronous. A computation that throws calls nobody: consumers keep what they have (`problems`
   * names it). Returns the unsubscribe function.
   */
  subscribe<Value>(definition: Cell<Value>, key: string, onChange: (value: Value, index: number) => void): () => void;

  /** `subscribe` as an observable. */
  cell$<Value>(definition: Cell<Value>, key: string): Observable<Value>;

  /** Runs `listener` after each flush in which at least one subscriber was told something. Returns the remove function. */
  onFlushed(listener: (index: number) => void): () => void;

  /**
   * The same computations over (state + overlay) with a private cache: nothing is stored. A `run` that goes on after its turn sees
   * newer states where it has not looked yet.
   */
  whatIf<Result>(overlay: (transaction: Transaction) => void, run: (view: MeshView) => Result): Result;

  /** True when a barrier would have nothing to wait for, known without asking anybody; false says nothing. */
  readonly isCurrent: boolean;

  /** Resolves when everything acknowledged to anybody before the call is applied here. */
  barrier(): Promise<void>;

  /** What `run` read: the entries behind a value (provenance), e.g. `config-entries` keys. */
  trace<Result>(run: (view: MeshView) => Result): Traced<Result>;

  /**
   * Deletes the marks of ranges that records left before `olderThanIndex` and raises the floor of all indexes instead. Returns
   * how many. To be called now and then by one server: marks are what makes a delete visible to a client that was away.
   */
  reapMarks(olderThanIndex: number, duty?: Duty): Promise<number>;

  /** The whole state at this revision, for a backup: rows are shared, so that this is cheap however large the state is. */
  capture(): StateCapture;

  /**
   * Makes the state what `state` holds, in one transaction: what differs is written, what is not in it is deleted. `savedIndex` is
   * the index it had when it was saved: afterwards every answer's index is above it, and above all that this store has shown.
   * All parked queries end. `around` runs the replacement, and may read before and after it and write what follows from it.
   */
  restore(
    state: RestoredState,
    savedIndex: number,
    around: (transaction: Transaction, replace: () => void) => void,
  ): Promise<CommitResult<void>>;

  /**
   * Another one after the state was replaced by a saved one: by `restore`, or because the engine was restored from an older copy. The
   * same on every server that has applied that.
   */
  readonly epoch: string;

  /** Runs `listener` after the state was replaced by a saved one, by this server or another. Returns the remove function. */
  onRestored(listener: () => void): () => void;

  /** Live cells whose newest computation failed; their consumers keep the last good value. */
  problems(): readonly FailingCell[];

  /** Counters for tests and metrics. */
  readonly counters: Readonly<{
    cellsComputed: number;
    cellsVerified: number;
    flushes: number;
    conflicts: number;
    commits: number;
    /** Times the whole state was listed anew because the engine's watch could not go on or was not to be trusted. */
    resyncs: number;
    /** Times the state was compared with what the engine holds, and times it was not the same (and was loaded anew). */
    verifications: number;
    divergences: number;
  }>;

  /** Sizes for tests and metrics: memoised cells and parked blocking queries. */
  readonly sizes: Readonly<{ cells: number; parkedQueries: number }>;

  close(): Promise<void>;
}
