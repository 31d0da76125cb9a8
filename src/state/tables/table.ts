import { AppError } from '../../core/index.js';
import type { TableDefinition, TableName } from '../../model/index.js';
import { type Row, definitionOf } from './row.js';
import { SortedRows } from './sorted-rows.js';
import { TableIndex } from './table-index.js';

const SURROGATE = /[\ud800-\udfff]/;

/** Tells which ranges of which index a change touched; for byte-ordered tables the text is the record's key. */
export type RangeListener = (index: string, text: string) => void;

/** The rows of one table with its indexes. */
export class Table {
  readonly definition: TableDefinition<Row>;
  readonly #rows = new Map<string, Row>();
  readonly #indexes = new Map<string, TableIndex>();
  readonly #ordered: SortedRows<Row> | undefined;
  readonly #name: TableName;
  /** Code unit order and byte order differ only where a key holds a character above U+FFFF. */
  #hasSurrogates = false;

  constructor(name: TableName) {
    this.#name = name;
    this.definition = definitionOf(name);
    if (this.definition.ordered === 'bytes') this.#ordered = new SortedRows();
    else
      for (const [index, tuples] of Object.entries(this.definition.indexes))
        this.#indexes.set(index, new TableIndex(tuples));
  }

  get size(): number {
    return this.#rows.size;
  }

  get(key: string): Row | undefined {
    return this.#rows.get(key);
  }

  entries(): IterableIterator<[string, Row]> {
    return this.#rows.entries();
  }

  /** Stores `after` under `key`, or removes the row; returns what was there. */
  replace(key: string, after: Row | undefined, onRange?: RangeListener): Row | undefined {
    const before = this.#rows.get(key);
    for (const [name, index] of this.#indexes)
      index.update(key, before, after, onRange && ((text) => onRange(name, text)));
    if (after) this.#rows.set(key, after);
    else this.#rows.delete(key);
    if (this.#ordered) this.#replaceOrdered(this.#ordered, key, after, onRange);
    return before;
  }

  range(index: string, prefix: readonly string[]): Row[] {
    if (this.#ordered) {
      if (!(index in this.definition.indexes)) throw this.#unknown(index);
      const rows = this.#ordered.withPrefix(prefix[0] ?? '');
      return this.#hasSurrogates ? rows.sort((left, right) => compareBytes(this.definition, left, right)) : rows;
    }
    const found = this.#indexes.get(index);
    if (!found) throw this.#unknown(index);
    return found.range(prefix, this.definition.key);
  }

  #replaceOrdered(ordered: SortedRows<Row>, key: string, after: Row | undefined, onRange?: RangeListener): void {
    if (after) ordered.set(key, after);
    else ordered.delete(key);
    if (!this.#hasSurrogates && SURROGATE.test(key)) this.#hasSurrogates = true;
    for (const name of Object.keys(this.definition.indexes)) onRange?.(name, key);
  }

  #unknown(index: string): AppError {
    return new AppError('internal', `The table ${this.#name} has no index ${index}.`);
  }
}

function compareBytes(definition: TableDefinition<Row>, left: Row, right: Row): number {
  return Buffer.compare(Buffer.from(definition.key(left)), Buffer.from(definition.key(right)));
}
