import { AppError, backOffMs, type Clock } from '../core/index.js';
import type { TableName } from '../model/index.js';
import type { AppliedRevisions } from './applied-revisions.js';
import type { Backend, BackendCommit, StoredRecord, WatchEvent } from './backend/index.js';
import type { CellGraph } from './derive/index.js';
import type { Commit } from './state-store.js';
import type { ReplicaFingerprint } from './replica-fingerprint.js';
import {
  type Database,
  INDEX_BASE,
  RESTORED,
  type Row,
  type TableChange,
  decodeRecord,
  tableNames,
  unreadable,
  writeRecord,
} from './tables/index.js';
import type { PendingCommits } from './transactions/index.js';

const BACK_OFF = { firstMs: 100, longestMs: 5000 };

interface ReplicaParts {
  readonly backend: Backend;
  readonly database: Database;
  readonly graph: CellGraph;
  readonly applied: AppliedRevisions;
  readonly pending: PendingCommits;
  readonly clock: Clock;
  /** Only where the state is compared with the engine's: it costs a hash a change. */
  readonly fingerprint: ReplicaFingerprint | undefined;
  readonly counters: { resyncs: number };
  readonly onCommit: (commit: Commit) => void;
  /** The state was replaced by a saved one. */
  readonly onRestored: () => void;
  readonly onProblem: (error: AppError) => void;
}

/** A change as the tables take it; `stored` when the engine holds a record that cannot be read here. */
interface DecodedChange extends TableChange {
  readonly stored?: StoredRecord;
}

/** Keeps the tables equal to the engine: loads them once, applies the watch, and lists and diffs when it cannot go on. */
export class Replica {
  readonly #parts: ReplicaParts;
  #stopWatch: () => void = () => undefined;
  #cancelRetry: () => void = () => undefined;
  /** Counts watches: events of one that has been given up are ignored. */
  #watch = 0;
  /** Counts lists: one that was overtaken by a newer one is not applied. */
  #synchronisation = 0;
  #closed = false;
  /** Which history of the engine was loaded last. */
  #history: { readonly name: string | undefined } | undefined;
  /** Equal revisions do not mean equal records. */
  #trustsNothing = false;

  constructor(parts: ReplicaParts) {
    this.#parts = parts;
  }

  /** The name of the engine's history that was loaded last; empty = it has none. */
  get history(): string {
    return this.#history?.name ?? '';
  }

  async start(): Promise<void> {
    await this.#parts.backend.open();
    await this.#synchronise();
  }

  /** What is here is known to be wrong: lists anew and applies the difference. */
  heal(): void {
    this.#trustsNothing = true;
    this.#resync();
  }

  close(): void {
    this.#closed = true;
    this.#endWatch();
    this.#cancelRetry();
  }

  async #synchronise(): Promise<void> {
    const synchronisation = ++this.#synchronisation;
    const { revision, records, history } = await this.#parts.backend.list();
    if (this.#closed || synchronisation !== this.#synchronisation) return;
    const isOther = this.#history !== undefined && history !== this.#history.name;
    if (isOther && (await this.#raisesBase(records))) return this.#synchronise();
    if (this.#isClosed() || synchronisation !== this.#synchronisation) return;
    this.#history = { name: history };
    if (isOther) this.#parts.applied.discardAbove(0, restoredMeanwhile());
    this.#load(revision, records, isOther || this.#trustsNothing);
    this.#trustsNothing = false;
    if (isOther) this.#parts.onRestored();
    const watch = ++this.#watch;
    const stop = this.#parts.backend.watch(revision, (event) => {
      if (watch === this.#watch) this.#onEvent(event);
    });
    if (watch === this.#watch) this.#stopWatch = stop;
    else stop();
  }

  #isClosed(): boolean {
    return this.#closed;
  }

  /**
   * Revisions begin lower than those that were shown: whatever index was shown before must be below all from now on. Resolves to
   * whether the base had to be raised, by this server or, in this moment, another.
   */
  async #raisesBase(records: readonly StoredRecord[]): Promise<boolean> {
    const { backend, database, applied } = this.#parts;
    const shown = applied.revision + database.base;
    const found = records.find(isIndexBase);
    const stored = found && decodeRecord(found, 0);
    if (baseOf(stored) >= shown) return false;
    const { value } = writeRecord('system', { name: INDEX_BASE, value: shown }, stored, 0);
    const place = { table: 'system', key: INDEX_BASE } as const;
    await backend.commit({
      conditions: [{ ...place, modRevision: found?.modRevision ?? 0 }],
      operations: [{ type: 'put', ...place, value }],
      whileLoading: true,
    });
    return true;
  }

  #onEvent(event: WatchEvent): void {
    const { applied, pending, onProblem } = this.#parts;
    if (event.type === 'commit') {
      try {
        this.#onCommit(event.commit);
      } catch (thrown) {
        // A fault here must neither reach the engine nor leave half a commit applied.
        onProblem(AppError.from(thrown));
        this.#resync();
      }
    } else if (event.type === 'resync') this.#resync();
    else {
      pending.discard();
      applied.discardAbove(
        event.aboveRevision,
        new AppError('unavailable', 'The write could not be stored: try again later.'),
      );
    }
  }

  #onCommit(commit: BackendCommit): void {
    if (commit.revision <= this.#parts.applied.revision) {
      this.#resync();
      return;
    }
    const base = commit.changes.find(isIndexBase);
    if (base) this.#rebase(baseOf(this.#decode(base).after));
    const changes = commit.changes.filter(isOfKnownTable).map((change) => this.#decode(change));
    this.#apply(commit.revision, changes, () => this.#parts.pending.applied(commit), false);
  }

  /** The engine cannot continue from where we are, or is not in order: list anew and apply the difference. */
  #resync(failures = 0): void {
    if (this.#closed) return;
    this.#endWatch();
    this.#cancelRetry();
    this.#parts.counters.resyncs += 1;
    this.#synchronise().catch((thrown: unknown) => this.#retryResync(thrown, failures + 1));
  }

  #retryResync(thrown: unknown, failures: number): void {
    if (this.#closed) return;
    this.#parts.onProblem(AppError.from(thrown));
    this.#cancelRetry = this.#parts.clock.after(backOffMs(failures, BACK_OFF), () => this.#resync(failures));
  }

  #endWatch(): void {
    this.#watch += 1;
    this.#stopWatch();
    this.#stopWatch = () => undefined;
  }

  /** `afresh` = what is here says nothing about the records, whatever their revisions are. */
  #load(revision: number, records: readonly StoredRecord[], afresh: boolean): void {
    const { database, pending } = this.#parts;
    const base = records.find(isIndexBase);
    this.#rebase(base ? baseOf(this.#decode(base).after) : 0);
    if (this.#parts.applied.revision === 0) {
      this.#fill(revision, records);
      return;
    }
    const changes: DecodedChange[] = [];
    for (const record of records.filter(isOfKnownTable)) {
      const row = database.get(record.table, record.key);
      const same =
        row?.modifyIndex === record.modRevision + database.base &&
        row.createIndex === record.createRevision + database.base;
      if (!same || afresh) changes.push(this.#decode(record));
    }
    if (database.size > 0) changes.push(...this.#missing(records));
    this.#apply(revision, changes, () => pending.discard(), true);
  }

  /**
   * The first load: there is nothing to compare with and nobody has read anything. Each table in the order of its keys, which is
   * that of its indexes.
   */
  #fill(revision: number, records: readonly StoredRecord[]): void {
    const { database, applied, fingerprint } = this.#parts;
    const byTable = new Map<TableName, StoredRecord[]>(tableNames.map((name) => [name, []]));
    for (const record of records) byTable.get(record.table)?.push(record);
    for (const [table, ofTable] of byTable) {
      for (const record of ofTable.sort(byKey)) {
        const row = this.#append(record);
        fingerprint?.changed(table, record.key, database.base, undefined, row, record);
      }
    }
    fingerprint?.advanced(revision, true);
    applied.advance(revision);
  }

  /** Deletions of what is here and not among the records. */
  #missing(records: readonly StoredRecord[]): TableChange[] {
    const present = new Map<TableName, Set<string>>();
    for (const { table, key } of records) present.set(table, (present.get(table) ?? new Set()).add(key));
    const here = [...this.#parts.database.keys(), ...(this.#parts.fingerprint?.unreadable() ?? [])];
    return here
      .filter(({ table, key }) => !present.get(table)?.has(key))
      .map(({ table, key }) => ({ table, key, after: undefined }));
  }

  #apply(revision: number, changes: readonly DecodedChange[], settlePending: () => void, afresh: boolean): void {
    const { database, graph, applied, fingerprint, onCommit, onRestored } = this.#parts;
    const isLoaded = applied.revision > 0;
    graph.nextEpoch();
    const made: Commit['changes'][number][] = [];
    for (const change of changes) {
      const { table, key } = change;
      const before = this.#replace(change);
      const after = database.get(table, key);
      if (fingerprint) {
        const stored = change.stored ?? (change.after && storedRevisions(change.after, database.base));
        fingerprint.changed(table, key, database.base, before, after, stored);
      }
      graph.sources.changed(table, key, before, after);
      if (before && after) made.push({ table, key, before, after });
      else if (before) made.push({ table, key, before });
      else if (after) made.push({ table, key, after });
    }
    fingerprint?.advanced(revision, afresh);
    settlePending();
    applied.advance(revision);
    if (made.length > 0) onCommit({ index: revision + database.base, changes: made });
    if (isLoaded && made.some(isRestored)) onRestored();
  }

  /** Adds a record's row; undefined when it cannot be read, or its table cannot index it: it counts as absent. */
  #append(record: StoredRecord): Row | undefined {
    const { database, onProblem } = this.#parts;
    const { after } = this.#decode(record);
    try {
      if (after) database.append(record.table, record.key, after);
      return after;
    } catch (thrown) {
      onProblem(unreadable(record, thrown));
      return undefined;
    }
  }

  /** Applies a change; a row that its table cannot index counts as absent. */
  #replace(change: TableChange): Row | undefined {
    const { database, onProblem } = this.#parts;
    try {
      return database.replace(change);
    } catch (thrown) {
      onProblem(unreadable(change, thrown));
      return database.replace({ ...change, after: undefined });
    }
  }

  #rebase(base: number): void {
    const { database, graph } = this.#parts;
    if (base === database.base) return;
    database.rebase(base);
    graph.touchAll();
  }

  #decode(change: BackendCommit['changes'][number]): DecodedChange {
    const { table, key } = change;
    if ('deleted' in change) return { table, key, after: undefined };
    const { database, pending, onProblem } = this.#parts;
    const own = pending.rowAt(table, key, change.modRevision);
    const { base } = database;
    if (own?.createIndex === change.createRevision + base && own.modifyIndex === change.modRevision + base)
      return { table, key, after: own };
    try {
      return { table, key, after: decodeRecord(change, database.base) };
    } catch (thrown) {
      onProblem(AppError.from(thrown));
      return { table, key, after: undefined, stored: change };
    }
  }
}

function byKey(left: StoredRecord, right: StoredRecord): number {
  return left.key < right.key ? -1 : Number(left.key > right.key);
}

function storedRevisions({ createIndex, modifyIndex }: Row, base: number) {
  return { createRevision: createIndex - base, modRevision: modifyIndex - base };
}

/** Records of tables that only newer code knows are left alone. */
function isOfKnownTable({ table }: { readonly table: TableName }): boolean {
  return tableNames.includes(table);
}

function isIndexBase({ table, key }: { readonly table: TableName; readonly key: string }): boolean {
  return table === 'system' && key === INDEX_BASE;
}

const isRestored = ({ table, key }: { readonly table: TableName; readonly key: string }): boolean =>
  table === 'system' && key === RESTORED;

function baseOf(row: Row | undefined): number {
  const value = row?.['value'];
  return typeof value === 'number' && Number.isSafeInteger(value) ? value : 0;
}

const restoredMeanwhile = (): AppError =>
  new AppError(
    'unavailable',
    'The state was restored from an older copy meanwhile: look whether the write is there before you send it again.',
  );
