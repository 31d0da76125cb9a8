import { LargeMap } from '../../../core/index.js';
import type { TableName } from '../../../model/index.js';
import type { BackendCommit, BackendTransaction, StoredRecord } from '../backend.js';
import type { RevisionReader } from '../conditions.js';
import type { RecordsByTable } from './loading-state.js';

/** The revisions of a record; of one that was never written again both are this number. */
type Entry = number | { readonly createRevision: number; readonly modRevision: number };

const entryOf = (createRevision: number, modRevision: number): Entry =>
  createRevision === modRevision ? modRevision : { createRevision, modRevision };
const createRevisionOf = (entry: Entry): number => (typeof entry === 'number' ? entry : entry.createRevision);
const modRevisionOf = (entry: Entry | undefined): number =>
  typeof entry === 'object' ? entry.modRevision : (entry ?? 0);

/** A commit that is accepted and waits to be written. */
export interface PreparedCommit {
  readonly commit: BackendCommit;
  /** How many records there are after it, and before it. */
  readonly records: number;
  readonly recordsBefore: number;
  readonly replaced: readonly (Entry | undefined)[];
}

/** The revisions of the records as they are at one moment, while the ledger goes on. */
export interface Cut {
  /** The newest commit in it. */
  readonly revision: number;
  /** 0 when there is no record. */
  modRevision(table: TableName, key: string): number;
}

/** Revisions of all records at the pending tip: everything accepted, durable or not. */
export class Ledger implements RevisionReader {
  readonly #tables = new Map<TableName, LargeMap<Entry>>();
  #revision: number;
  #records = 0;
  /** Of the cut, if there is one: what was there of everything that has changed since. */
  #changedSince: Map<TableName, Map<string, Entry | undefined>> | undefined;

  constructor(revision: number) {
    this.#revision = revision;
  }

  /** A ledger of loaded records, and these as a list; nothing is left in `records`. */
  static of(revision: number, records: RecordsByTable): { readonly ledger: Ledger; readonly listed: StoredRecord[] } {
    const ledger = new Ledger(revision);
    const listed: StoredRecord[] = [];
    for (const [name, loaded] of records) {
      // The map stays, so that its keys need not be hashed again.
      const entries = loaded as LargeMap<Entry | StoredRecord> as LargeMap<Entry>;
      for (const [key, record] of loaded.entries()) {
        listed.push(record);
        entries.set(key, entryOf(record.createRevision, record.modRevision));
      }
      ledger.#tables.set(name, entries);
    }
    ledger.#records = listed.length;
    return { ledger, listed };
  }

  /** The newest commit that was accepted. */
  get revision(): number {
    return this.#revision;
  }

  modRevision(table: TableName, key: string): number {
    return modRevisionOf(this.#tables.get(table)?.get(key));
  }

  keys(table: TableName): Iterable<string> {
    return this.#tables.get(table)?.keys() ?? [];
  }

  /** Accepts a transaction whose conditions hold, as the next revision. */
  accept({ operations }: BackendTransaction): PreparedCommit {
    const revision = this.#revision + 1;
    const recordsBefore = this.#records;
    const changes: BackendCommit['changes'][number][] = [];
    const replaced: (Entry | undefined)[] = [];
    for (const operation of operations) {
      const { table, key } = operation;
      const entry = this.#tables.get(table)?.get(key);
      replaced.push(entry);
      if (operation.type === 'delete') {
        this.#set(table, key, entry, undefined);
        changes.push({ table, key, deleted: true });
      } else {
        const createRevision = entry === undefined ? revision : createRevisionOf(entry);
        this.#set(table, key, entry, entryOf(createRevision, revision));
        changes.push({ table, key, value: operation.value, createRevision, modRevision: revision });
      }
    }
    this.#revision = revision;
    return { commit: { revision, changes }, records: this.#records, recordsBefore, replaced };
  }

  /** Takes back commits, the newest first. */
  undo(prepared: readonly PreparedCommit[]): void {
    for (const { commit, recordsBefore, replaced } of prepared.toReversed()) {
      for (let at = commit.changes.length - 1; at >= 0; at -= 1) {
        const { table, key } = commit.changes[at] as BackendCommit['changes'][number];
        this.#set(table, key, this.#tables.get(table)?.get(key), replaced[at]);
      }
      this.#records = recordsBefore;
      this.#revision = commit.revision - 1;
    }
  }

  /** Keeps what is there now for a reader, until `endCut`. There is one at a time. */
  beginCut(): Cut {
    const changedSince = new Map<TableName, Map<string, Entry | undefined>>();
    this.#changedSince = changedSince;
    return {
      revision: this.#revision,
      modRevision: (table, key) => {
        const changed = changedSince.get(table);
        return modRevisionOf(changed?.has(key) ? changed.get(key) : this.#tables.get(table)?.get(key));
      },
    };
  }

  endCut(): void {
    this.#changedSince = undefined;
  }

  #set(table: TableName, key: string, before: Entry | undefined, after: Entry | undefined): void {
    let entries = this.#tables.get(table);
    if (!entries) this.#tables.set(table, (entries = new LargeMap()));
    if (this.#changedSince) this.#noteForCut(this.#changedSince, table, key, before);
    if (after === undefined) entries.delete(key);
    else entries.set(key, after);
    this.#records += Number(after !== undefined) - Number(before !== undefined);
  }

  #noteForCut(
    since: Map<TableName, Map<string, Entry | undefined>>,
    table: TableName,
    key: string,
    before: Entry | undefined,
  ): void {
    let changed = since.get(table);
    if (!changed) since.set(table, (changed = new Map()));
    if (!changed.has(key)) changed.set(key, before);
  }
}
