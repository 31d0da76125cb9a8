import type { TableName } from '../../model/index.js';
import type { BackendCommit } from '../backend/backend.js';
import { Overlay } from '../tables/overlay.js';
import type { Row, StateReader } from '../tables/row.js';
import type { WrittenRow } from './transaction-view.js';

/** Commits that an engine with `submit` has accepted and that are not applied yet: later transactions run over them. */
export class PendingCommits {
  readonly #applied: StateReader;
  readonly #overlay: Overlay;
  readonly #revisions = new Map<string, number>();
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

  add(revision: number, rows: readonly WrittenRow[]): void {
    this.#tip = revision;
    for (const { table, key, row } of rows) {
      this.#overlay.set(table, key, row);
      this.#revisions.set(`${table} ${key}`, revision);
    }
  }

  /** The row accepted under a key at exactly this revision. */
  rowAt(table: TableName, key: string, revision: number): Row | undefined {
    return this.#revisions.get(`${table} ${key}`) === revision ? this.#overlay.get(table, key) : undefined;
  }

  /** Forgets what a commit has now applied. */
  applied(commit: BackendCommit): void {
    if (commit.revision >= this.#tip) this.discard();
    if (this.#revisions.size === 0) return;
    for (const { table, key } of commit.changes) {
      const name = `${table} ${key}`;
      if (this.#revisions.get(name) !== commit.revision) continue;
      this.#revisions.delete(name);
      this.#overlay.unset(table, key);
    }
  }

  /** Forgets everything. */
  discard(): void {
    this.#tip = 0;
    this.#revisions.clear();
    this.#overlay.clear();
  }
}
