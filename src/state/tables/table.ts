import { AppError } from '../../core/index.js';
import type { TableDefinition, TableName } from '../../model/index.js';
import { type Row, definitionOf } from './row.js';
import { SortedRows } from './sorted-rows.js';
import { TableIndex } from './table-index.js';

const SURROGATE = /[\ud800-\udfff]/;

/** The rows of one table with its indexes. */
export class Table {
  readonly definition: TableDefinition<Row>;
  readonly #name: TableName;
  readonly #rows = new Map<string, Row>();
  readonly #indexes = new Map<string, TableIndex>();
  readonly #ordered: SortedRows<Row> | undefined;
  /** Code unit order and byte order differ only where a key holds a character above U+FFFF. */
  #hasSurrogates = false;

  constructor(name: TableName) {
    this.#name = name;
    this.definition = definitionOf(name);
    if (this.definition.byteOrdered !== undefined) this.#ordered = new SortedRows();
    for (const [index, tuples] of Object.entries(this.definition.indexes))
      if (index !== this.definition.byteOrdered) this.#indexes.set(index, new TableIndex(tuples));
  }

  get size(): number {
    return this.#rows.size;
  }

  get(key: string): Row | undefined {
    return this.#rows.get(key);
  }

  rows(): IterableIterator<Row> {
    return this.#rows.values();
  }

  entries(): IterableIterator<[string, Row]> {
    return this.#rows.entries();
  }

  /** Stores `after` under `key`, or removes the row; returns what was there. A row that cannot be indexed throws and changes nothing. */
  replace(key: string, after: Row | undefined): Row | undefined {
    const before = this.#rows.get(key);
    const tuples = after && [...this.#indexes.keys()].map((name) => this.definition.indexes[name]?.(after) ?? []);
    let at = 0;
    for (const index of this.#indexes.values()) index.update(key, before, after, tuples?.[at++] ?? []);
    if (after) this.#rows.set(key, after);
    else this.#rows.delete(key);
    if (this.#ordered) this.#replaceOrdered(this.#ordered, key, after);
    return before;
  }

  range(index: string, prefix: readonly string[], limit?: number): Row[] {
    if (!(index in this.definition.indexes))
      throw new AppError('internal', `The table ${this.#name} has no index ${index}.`);
    const most = this.#hasSurrogates ? undefined : limit;
    const rows =
      this.#ordered && index === this.definition.byteOrdered
        ? this.#ordered.withPrefix(prefix[0] ?? '', most)
        : (this.#indexes.get(index) as TableIndex).range(prefix, this.definition.key, most);
    if (!this.#hasSurrogates) return rows;
    return rows.sort((left, right) => compareKeys(this.definition, left, right)).slice(0, limit);
  }

  #replaceOrdered(ordered: SortedRows<Row>, key: string, after: Row | undefined): void {
    if (after) ordered.set(key, after);
    else ordered.delete(key);
    if (!this.#hasSurrogates && SURROGATE.test(key)) this.#hasSurrogates = true;
  }
}

/** Order of two rows of a table: of their keys' bytes where the table is ordered so, else of their keys' text. */
export function compareKeys({ key, byteOrdered }: TableDefinition<Row>, left: Row, right: Row): number {
  const [leftKey, rightKey] = [key(left), key(right)];
  if (byteOrdered !== undefined) return Buffer.compare(Buffer.from(leftKey), Buffer.from(rightKey));
  return leftKey < rightKey ? -1 : Number(leftKey > rightKey);
}
