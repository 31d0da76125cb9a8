import { AppError, LargeMap } from '../../core/index.js';
import type { TableDefinition, TableName } from '../../model/index.js';
import { type Row, definitionOf } from './row.js';
import { SortedRows } from './sorted-rows.js';
import { TableIndex, type Tuples } from './table-index.js';

const SURROGATE = /[\ud800-\udfff]/;

/** The rows of one table with its indexes. */
export class Table {
  readonly definition: TableDefinition<Row>;
  readonly #name: TableName;
  readonly #rows = new LargeMap<Row>();
  readonly #indexes = new Map<string, TableIndex>();
  readonly #indexList: readonly { readonly index: TableIndex; readonly tuples: Tuples }[];
  readonly #ordered: SortedRows<Row> | undefined;
  /** Code unit order and byte order differ only where a key holds a character above U+FFFF. */
  #hasSurrogates = false;

  constructor(name: TableName) {
    this.#name = name;
    this.definition = definitionOf(name);
    if (this.definition.byteOrdered !== undefined) this.#ordered = new SortedRows();
    const list: { index: TableIndex; tuples: Tuples }[] = [];
    for (const [name, tuples] of Object.entries(this.definition.indexes)) {
      if (name === this.definition.byteOrdered) continue;
      const index = new TableIndex(tuples);
      this.#indexes.set(name, index);
      list.push({ index, tuples });
    }
    this.#indexList = list;
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
    const found = after && this.#tuplesOf(after);
    for (let at = 0; at < this.#indexList.length; at += 1)
      this.#indexList[at]?.index.update(key, before, after, found?.[at] ?? []);
    if (after) this.#rows.set(key, after);
    else this.#rows.delete(key);
    if (this.#ordered) this.#replaceOrdered(this.#ordered, key, after);
    return before;
  }

  /**
   * Stores a row under a key that is not there, for one that stores all rows of the table in the order of their keys. A row that
   * cannot be indexed throws and changes nothing.
   */
  append(key: string, row: Row): void {
    const found = this.#tuplesOf(row);
    for (let at = 0; at < this.#indexList.length; at += 1) this.#indexList[at]?.index.append(key, row, found[at] ?? []);
    this.#rows.set(key, row);
    if (this.#ordered) this.#replaceOrdered(this.#ordered, key, row);
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

  #tuplesOf(row: Row): (readonly (readonly string[])[])[] {
    const found: (readonly (readonly string[])[])[] = [];
    for (const { tuples } of this.#indexList) found.push(tuples(row));
    return found;
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
