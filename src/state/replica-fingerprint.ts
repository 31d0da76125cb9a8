import { tupleKey } from '../core/index.js';
import type { TableName } from '../model/index.js';
import { Fingerprint } from './fingerprint.js';
import type { Row } from './tables/index.js';

interface Revisions {
  readonly createRevision: number;
  readonly modRevision: number;
}

/** The fingerprint of what is applied here, kept up to date change by change; unreadable records count as what they were. */
export class ReplicaFingerprint {
  readonly #fingerprint = new Fingerprint();
  readonly #unreadable = new Map<string, Revisions & { readonly table: TableName; readonly key: string }>();
  #recording: { readonly revision: number; readonly value: string }[] | undefined;

  /** `stored` is given when the record exists in the engine and cannot be read here. Rows have indexes: revision + base. */
  changed(
    table: TableName,
    key: string,
    base: number,
    before: Row | undefined,
    after: Row | undefined,
    stored?: Revisions,
  ): void {
    const former = before ? revisionsOf(before, base) : this.#takeUnreadable(table, key);
    if (former) this.#fingerprint.remove({ ...former, table, key });
    const latter = after ? revisionsOf(after, base) : stored;
    if (latter) this.#fingerprint.add({ ...latter, table, key });
    if (!after && latter) this.#unreadable.set(tupleKey(table) + key, { ...latter, table, key });
  }

  #takeUnreadable(table: TableName, key: string): Revisions | undefined {
    if (this.#unreadable.size === 0) return undefined;
    const name = tupleKey(table) + key;
    const found = this.#unreadable.get(name);
    this.#unreadable.delete(name);
    return found;
  }

  /** Everything up to `revision` is in. `afresh` = it was listed, so that what was recorded has a hole. */
  advanced(revision: number, afresh: boolean): void {
    if (afresh) this.#recording = undefined;
    this.#recording?.push({ revision, value: this.#fingerprint.value });
  }

  /** Remembers every value from now on; `at` gives the one that held at a revision, undefined when that is not known. */
  record(revision: number): { at(wanted: number): string | undefined; stop(): void } {
    const recording = [{ revision, value: this.#fingerprint.value }];
    this.#recording = recording;
    return {
      at: (wanted) =>
        this.#recording === recording ? recording.findLast((entry) => entry.revision <= wanted)?.value : undefined,
      stop: () => {
        if (this.#recording === recording) this.#recording = undefined;
      },
    };
  }

  /** The records that are known and cannot be read. */
  unreadable(): Iterable<{ readonly table: TableName; readonly key: string }> {
    return this.#unreadable.values();
  }
}

function revisionsOf({ createIndex, modifyIndex }: Row, base: number): Revisions {
  return { createRevision: createIndex - base, modRevision: modifyIndex - base };
}
