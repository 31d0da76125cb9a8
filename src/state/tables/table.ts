import { AppError, LargeMap } from '../../core/index.js';
import type { TableDefinition, TableName } from '../../model/index.js';
import { type Row, definitionOf, staysInPlace } from './row.js';
import { SortedRows } from './sorted-rows.js';
import { type Slot, TableIndex, type Tuples, rowsOf, sameTuples } from './table-index.js';

const SURROGATE = /[\ud800-\udfff]/;

interface IndexOfTable {
  readonly index: TableIndex;
  readonly tuples: Tuples;
}

/** The tuples of a row in each index. */
type Found = readonly (readonly (readonly string[])[])[];

/** The rows of one table with its indexes. */
export class Table {
  readonly definition: TableDefinition<Row>;
  readonly #name: TableName;
  readonly #rows = new LargeMap<Slot>();
  readonly #indexes = new Map<string, TableIndex>();
  readonly #indexList: readonly IndexOfTable[];
  readonly #ordered: SortedRows<Slot> | undefined;
  /** Code unit order and byte order differ only where a key holds a character above U+FFFF. */
  #hasSurrogates = false;

  constructor(name: TableName) {
    this.#name = name;
    this.definition = definitionOf(name);
    if (this.definition.byteOrdered !== undefined) this.#ordered = new SortedRows();
    const list: IndexOfTable[] = [];
    for (const [name, tuples] of Object.entries(this.definition.indexes)) {
      if (name === this.definition.byteOrdered) continue;
      const index = new TableIndex();
      this.#indexes.set(name, index);
      list.push({ index, tuples });
    }
    this.#indexList = list;
  }

  get size(): number {
    return this.#rows.size;
  }

  get(key: string): Row | undefined {
    return this.#rows.get(key)?.row;
  }

  *rows(): Generator<Row> {
    for (const { row } of this.#rows.values()) yield row;
  }

  *entries(): Generator<[string, Row]> {
    for (const { key, row } of this.#rows.values()) yield [key, row];
  }

  /** Stores `after` under `key`, or removes the row; returns what was there. A row that cannot be indexed throws and changes nothing. */
  replace(key: string, after: Row | undefined): Row | undefined {
    const slot = this.#rows.get(key);
    const before = slot?.row;
    if (after === undefined) {
      if (slot) this.#remove(slot);
      return before;
    }
    // Most rows are replaced by one that stays where it is.
    if (slot && staysInPlace(this.definition, slot.row, after)) slot.row = after;
    else if (slot) this.#move(slot, after, this.#tuplesOf(after));
    else this.#add({ key, row: after }, this.#tuplesOf(after));
    return before;
  }

  /**
   * Stores a row under a key that is not there, for one that stores all rows of the table in the order of their keys. A row that
   * cannot be indexed throws and changes nothing.
   */
  append(key: string, row: Row): void {
    const found = this.#tuplesOf(row);
    const slot = { key, row };
    for (let at = 0; at < this.#indexList.length; at += 1) this.#indexList[at]?.index.append(slot, found[at] ?? []);
    this.#keep(slot);
  }

  range(index: string, prefix: readonly string[], limit?: number): Row[] {
    if (!(index in this.definition.indexes))
      throw new AppError('internal', `The table ${this.#name} has no index ${index}.`);
    const most = this.#hasSurrogates ? undefined : limit;
    const rows =
      this.#ordered && index === this.definition.byteOrdered
        ? rowsOf(this.#ordered.withPrefix(prefix[0] ?? '', most))
        : (this.#indexes.get(index) as TableIndex).range(prefix, most);
    if (!this.#hasSurrogates) return rows;
    return rows.sort((left, right) => compareKeys(this.definition, left, right)).slice(0, limit);
  }

  #tuplesOf(row: Row): Found {
    const found: Found[number][] = [];
    for (const { tuples } of this.#indexList) found.push(tuples(row));
    return found;
  }

  #add(slot: Slot, found: Found): void {
    for (let at = 0; at < this.#indexList.length; at += 1) this.#indexList[at]?.index.add(slot, found[at] ?? []);
    this.#keep(slot);
  }

  #move(slot: Slot, after: Row, found: Found): void {
    for (let at = 0; at < this.#indexList.length; at += 1) {
      const { index, tuples } = this.#indexList[at] as IndexOfTable;
      const [left, entered] = [tuples(slot.row), found[at] ?? []];
      if (sameTuples(left, entered)) continue;
      index.remove(slot, left);
      index.add(slot, entered);
    }
    slot.row = after;
  }

  #remove(slot: Slot): void {
    for (const { index, tuples } of this.#indexList) index.remove(slot, tuples(slot.row));
    this.#rows.delete(slot.key);
    this.#ordered?.delete(slot.key);
  }

  #keep(slot: Slot): void {
    this.#rows.set(slot.key, slot);
    this.#ordered?.set(slot.key, slot);
    if (this.#ordered && !this.#hasSurrogates && SURROGATE.test(slot.key)) this.#hasSurrogates = true;
  }
}

/** Order of two rows of a table: of their keys' bytes where the table is ordered so, else of their keys' text. */
export function compareKeys({ key, byteOrdered }: TableDefinition<Row>, left: Row, right: Row): number {
  const [leftKey, rightKey] = [key(left), key(right)];
  if (byteOrdered !== undefined) return Buffer.compare(Buffer.from(leftKey), Buffer.from(rightKey));
  return leftKey < rightKey ? -1 : Number(leftKey > rightKey);
}
