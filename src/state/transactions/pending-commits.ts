import type { TableName } from '../../model/index.js';
import type { BackendCommit } from '../backend/index.js';
import { Overlay, type Row, type StateReader } from '../tables/index.js';
import type { WrittenRow } from './transaction-view.js';

/** Commits that an engine with `submit` has accepted and that are not applied yet: later transactions run over them. */
export class PendingCommits {
  readonly #applied: StateReader;
  /** Rows with their revision. */
  readonly #overlay: Overlay<number>;
  #tip = 0;

  constructor(applied: StateReader) {
    this.#applied = applied;
    this.#overlay = new Overlay(applied);
  }

  /** The applied state with everything accepted over it. */
  get reader(): StateReader {
    return this.#overlay.isEmpty ? this.#applied : this.#overlay;
  }

  /** The newest accepted revision that is not applied; 0 if there is none. */
  get tip(): number {
    return this.#tip;
  }

  /** What is written over the applied state. */
  writes(): ReturnType<Overlay<number>['writes']> {
    return this.#overlay.writes();
  }

  add(revision: number, rows: readonly WrittenRow[]): void {
    this.#tip = revision;
    for (const { table, key, row } of rows) this.#overlay.set(table, key, row, revision);
  }

  /** The row accepted under a key at exactly this revision. */
  rowAt(table: TableName, key: string, revision: number): Row | undefined {
    const written = this.#overlay.written(table, key);
    return written?.note === revision ? written.row : undefined;
  }

  /** Forgets what a commit has now applied. */
  applied({ revision, changes }: BackendCommit): void {
    if (revision >= this.#tip) this.discard();
    if (this.#overlay.isEmpty) return;
    for (const { table, key } of changes)
      if (this.#overlay.written(table, key)?.note === revision) this.#overlay.unset(table, key);
  }

  /** Forgets everything. */
  discard(): void {
    this.#tip = 0;
    this.#overlay.clear();
  }
}
