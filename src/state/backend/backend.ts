import type { TableName } from '../../model/index.js';
import type { DutyFence, LiveArea } from './live-area.js';

/**
 * One stored record as an engine sees it: opaque JSON under (table, key) with the revisions the engine gave it. The value may be made
 * when it is asked for: it is to be asked for once.
 */
export interface StoredRecord {
  readonly table: TableName;
  readonly key: string;
  readonly value: string;
  readonly createRevision: number;
  readonly modRevision: number;
}

export interface PutOperation {
  readonly type: 'put';
  readonly table: TableName;
  readonly key: string;
  readonly value: string;
}

export interface DeleteOperation {
  readonly type: 'delete';
  readonly table: TableName;
  readonly key: string;
}

/** What must still hold for a transaction to be applied: the key's modRevision, 0 for "does not exist". */
export interface Condition {
  readonly table: TableName;
  readonly key: string;
  readonly modRevision: number;
}

/** What must still hold for a range: no record of the table whose key starts with `keyPrefix` has a modRevision above `notAfter`. */
export interface RangeCondition {
  readonly table: TableName;
  readonly keyPrefix: string;
  readonly notAfter: number;
}

export interface BackendTransaction {
  readonly conditions: readonly (Condition | RangeCondition)[];
  readonly operations: readonly (PutOperation | DeleteOperation)[];
  /** Of the duty it is made under, which must still be this server's: otherwise AppError('conflict'). Engines of one server ignore it. */
  readonly fence?: DutyFence;
  /** Made by who loads the state and does not follow it yet. */
  readonly whileLoading?: boolean;
}

/** `conflict` is a condition that did not hold; where an engine cannot tell, it is one of the range conditions. */
export type CommitOutcome =
  | { readonly ok: true; readonly revision: number }
  | { readonly ok: false; readonly conflict: Condition | RangeCondition };

/** All changes of one revision, in the order in which engines hand them out. Writers may be other processes. */
export interface BackendCommit {
  readonly revision: number;
  readonly changes: readonly (
    | StoredRecord
    | { readonly table: TableName; readonly key: string; readonly deleted: true }
  )[];
}

/**
 * What a watcher is told. `resync` = the engine cannot go on from where we were: list again and diff. `discarded` (engines
 * with `submit` only) = everything accepted above the revision failed to become durable and is gone; it is told before the
 * engine accepts anything else.
 */
export type WatchEvent =
  | { readonly type: 'commit'; readonly commit: BackendCommit }
  | { readonly type: 'discarded'; readonly aboveRevision: number }
  | { readonly type: 'resync'; readonly reason: string };

/** A transaction accepted by `submit`: its revision, and when it is durable (or rejected: it and all after it are discarded). */
export type Submission =
  | { readonly ok: true; readonly revision: number; readonly durable: Promise<void> }
  | { readonly ok: false; readonly conflict: Condition | RangeCondition };

/** Everything an engine holds. */
export interface EngineListing {
  /** At least 1, also when nothing was ever written. */
  readonly revision: number;
  readonly records: readonly StoredRecord[];
  /**
   * Only of engines that can be restored from an older copy under the feet of a server: another one when that was noticed. Then
   * revisions begin lower, and those that were seen before may stand for something else.
   */
  readonly history?: string;
}

/** A hash over all records of an engine at one revision (state/fingerprint.ts); no commit up to it is newer than `lastCommit`. */
export interface EngineFingerprint {
  readonly revision: number;
  readonly lastCommit: number;
  readonly value: string;
}

/**
 * A durable, revisioned key-value engine of etcd's shape. Nothing above assumes that this process is the only writer,
 * that a commit is seen by the watch before `commit` resolves, or that the watch never has to be started anew.
 */
export interface Backend {
  readonly name: string;
  /** How many conditions a transaction may have; without it there is no limit. */
  readonly maximumConditions?: number;
  /** Only for engines of several servers: what lives as long as a server does. To be used while the engine is open. */
  readonly live?: LiveArea;
  /** Opens or creates the data. Throws AppError('corruptState') that names the file and what to do. */
  open(): Promise<void>;
  /** Every record at one revision. */
  list(): Promise<EngineListing>;
  /** Applies all operations at one new revision if every condition holds. Resolves when durable. Rejects when it is unknown whether it was applied or when the engine is unavailable. */
  commit(transaction: BackendTransaction): Promise<CommitOutcome>;
  /**
   * Only for engines of which one store is the only writer: evaluates the conditions at once against the pending tip, that is
   * all that was accepted before, durable or not. Throws AppError('unavailable') while the engine takes no writes.
   */
  submit?(transaction: BackendTransaction): Submission;
  /** Hands out every commit with a revision above `afterRevision`, in order, once. Returns the stop function. */
  watch(afterRevision: number, onEvent: (event: WatchEvent) => void): () => void;
  /** A revision at least as new as every commit acknowledged to anybody before the call. */
  barrier(): Promise<number>;
  /** What `barrier` would resolve with, for engines that know it without asking anybody; undefined while they do not. */
  newestRevision?(): number | undefined;
  /** Only for engines that a store can lose touch with: a fingerprint of the tables that count, read afresh and linearizable. */
  fingerprint?(isCounted: (table: TableName) => boolean): Promise<EngineFingerprint>;
  close(): Promise<void>;
}
