import { tupleKey } from '../../core/index.js';
import type { TableName } from '../../model/index.js';
import type { Condition, RangeCondition } from '../backend/index.js';
import type { ReadListener } from '../derive/index.js';
import { type Row, definitionOf, rangeText } from '../tables/index.js';

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

  /** The keys only: enough where the engine accepts the transaction in the turn that evaluated it. */
  keyConditions(): Condition[] {
    return [...this.#keys.values()].flatMap((keys) => [...keys.values()]);
  }

  conditions(): (Condition | RangeCondition)[] {
    return [...this.keyConditions(), ...this.#ranges.values()];
  }

  #noteRange(table: TableName, keyPrefix: string): void {
    this.#ranges.set(tupleKey(table) + keyPrefix, { table, keyPrefix, notAfter: this.#revision });
  }
}
