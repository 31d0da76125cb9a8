import { tupleKey } from '../../core/index.js';
import type { TableName } from '../../model/index.js';
import type { Condition, RangeCondition } from '../backend/index.js';
import type { ReadListener } from '../derive/index.js';
import { type Row, definitionOf, leavesMarks, rangeText } from '../tables/index.js';

/**
 * What a transaction has read, as conditions for the engine. A key is compared by its modRevision. A range is compared
 * twice: no record with the range's key prefix is newer than what was read (nothing was added or changed), and no mark of the
 * range is newer (nothing was removed or moved away). So a transaction is serialisable without naming the range's records.
 */
export class Footprint implements ReadListener {
  readonly #base: number;
  readonly #revision: number;
  readonly #keys = new Map<TableName, Map<string, Condition>>();
  readonly #ranges = new Map<string, RangeCondition>();

  /** `revision` is the newest one the reader has applied; `base` turns indexes into revisions. */
  constructor(revision: number, base: number) {
    this.#revision = revision;
    this.#base = base;
  }

  get(table: TableName, key: string, row: Row | undefined): void {
    const modRevision = row ? row.modifyIndex - this.#base : 0;
    let keys = this.#keys.get(table);
    if (!keys) this.#keys.set(table, (keys = new Map()));
    if (!keys.has(key)) keys.set(key, { table, key, modRevision });
  }

  range(table: TableName, index: string, prefix: readonly string[]): void {
    const definition = definitionOf(table);
    this.#noteRange(table, definition.keyPrefix?.[index]?.(prefix) ?? '');
    this.#noteRange('marks', tupleKey(table, index) + rangeText(definition, index, prefix));
  }

  /**
   * All conditions. When there are more than the engine takes, the keys of the tables with most of them are compared together:
   * nothing in the table may be newer than what was read, nor any mark of it (so that nothing was removed). That is stricter,
   * never less strict. Tables whose records leave no marks keep their keys.
   */
  conditions(maximum = Number.POSITIVE_INFINITY): (Condition | RangeCondition)[] {
    const byNumber = [...this.#keys].sort(([, left], [, right]) => right.size - left.size);
    let count = this.#ranges.size + byNumber.reduce((sum, [, { size }]) => sum + size, 0);
    const kept: Condition[] = [];
    for (const [table, keys] of byNumber) {
      if (count > maximum && leavesMarks(table)) {
        this.#noteRange(table, '');
        this.#noteRange('marks', tupleKey(table));
        count -= keys.size - 2;
      } else kept.push(...keys.values());
    }
    const ranges = kept.length + this.#ranges.size > maximum ? this.#wholeTables() : this.#ranges.values();
    return [...kept, ...ranges];
  }

  #wholeTables(): RangeCondition[] {
    const tables = new Set([...this.#ranges.values()].map(({ table }) => table));
    return [...tables].map((table) => ({ table, keyPrefix: '', notAfter: this.#revision }));
  }

  #noteRange(table: TableName, keyPrefix: string): void {
    this.#ranges.set(tupleKey(table) + keyPrefix, { table, keyPrefix, notAfter: this.#revision });
  }
}

/** The keys that a transaction has read: enough where the engine accepts it in the turn that evaluated it. */
export class KeyFootprint implements ReadListener {
  readonly conditions: Condition[] = [];
  readonly #base: number;

  /** `base` turns indexes into revisions. */
  constructor(base: number) {
    this.#base = base;
  }

  get(table: TableName, key: string, row: Row | undefined): void {
    this.conditions.push({ table, key, modRevision: row ? row.modifyIndex - this.#base : 0 });
  }

  range(): void {
    // Nothing can come between the read and the write.
  }
}
