import type { TableName } from '../../../model/index.js';
import type { BackendCommit, BackendTransaction, StoredRecord } from '../backend.js';
import type { RevisionReader } from '../conditions.js';
import type { DatabaseOperation } from './key-value-database.js';
import { type ChainPoint, addToDigest, encodeLog, encodeStored, logKey, recordKey, takeFromDigest } from './layout.js';
import type { LoadedRecord } from './load.js';

interface Entry {
  readonly createRevision: number;
  readonly modRevision: number;
  readonly checksum: number;
}

/** A commit that is accepted and waits to be written. */
export interface PreparedCommit {
  readonly commit: BackendCommit;
  readonly operations: readonly DatabaseOperation[];
  /** The chain after it, and before it. */
  readonly point: ChainPoint;
  readonly before: ChainPoint;
  readonly replaced: readonly { readonly table: TableName; readonly key: string; readonly entry: Entry | undefined }[];
}

/** Revisions and checksums of all records at the pending tip: everything accepted, durable or not. */
export class Ledger implements RevisionReader {
  readonly #tables = new Map<TableName, Map<string, Entry>>();
  #tip: ChainPoint;

  constructor(tip: ChainPoint, records: readonly LoadedRecord[]) {
    this.#tip = tip;
    for (const { record, checksum } of records)
      this.#table(record.table).set(record.key, {
        createRevision: record.createRevision,
        modRevision: record.modRevision,
        checksum,
      });
  }

  get tip(): ChainPoint {
    return this.#tip;
  }

  modRevision(table: TableName, key: string): number {
    return this.#tables.get(table)?.get(key)?.modRevision ?? 0;
  }

  keys(table: TableName): Iterable<string> {
    return this.#tables.get(table)?.keys() ?? [];
  }

  /** Accepts a transaction whose conditions hold, as the next revision. */
  accept({ operations }: BackendTransaction): PreparedCommit {
    const revision = this.#tip.revision + 1;
    return this.#apply(
      revision,
      operations.map((operation) =>
        operation.type === 'delete'
          ? { table: operation.table, key: operation.key, deleted: true }
          : {
              table: operation.table,
              key: operation.key,
              value: operation.value,
              createRevision: this.#tables.get(operation.table)?.get(operation.key)?.createRevision ?? revision,
              modRevision: revision,
            },
      ),
    );
  }

  /** Takes over a commit that turned out to be on the disk. */
  adopt({ revision, changes }: BackendCommit): void {
    this.#apply(revision, changes);
  }

  /** Takes back commits, the newest first. */
  undo(prepared: readonly PreparedCommit[]): void {
    for (const { before, replaced } of prepared.toReversed()) {
      for (const { table, key, entry } of replaced.toReversed()) {
        if (entry) this.#table(table).set(key, entry);
        else this.#table(table).delete(key);
      }
      this.#tip = before;
    }
  }

  #apply(revision: number, changes: BackendCommit['changes']): PreparedCommit {
    const before = this.#tip;
    const operations: DatabaseOperation[] = [];
    const replaced: PreparedCommit['replaced'][number][] = [];
    let digest = before.digest;
    for (const change of changes) {
      const { table, key } = change;
      const entries = this.#table(table);
      const entry = entries.get(key);
      replaced.push({ table, key, entry });
      if (entry) digest = takeFromDigest(digest, entry.checksum);
      if ('deleted' in change) {
        entries.delete(key);
        operations.push({ type: 'del', key: recordKey(table, key) });
      } else {
        const { text, checksum } = encodeStored(change);
        entries.set(key, entryOf(change, checksum));
        digest = addToDigest(digest, checksum);
        operations.push({ type: 'put', key: recordKey(table, key), value: text });
      }
    }
    const commit: BackendCommit = { revision, changes };
    const { text, point } = encodeLog(commit, before.hash, digest);
    operations.push({ type: 'put', key: logKey(revision), value: text });
    this.#tip = point;
    return { commit, operations, point, before, replaced };
  }

  #table(table: TableName): Map<string, Entry> {
    let entries = this.#tables.get(table);
    if (!entries) this.#tables.set(table, (entries = new Map()));
    return entries;
  }
}

function entryOf({ createRevision, modRevision }: StoredRecord, checksum: number): Entry {
  return { createRevision, modRevision, checksum };
}
