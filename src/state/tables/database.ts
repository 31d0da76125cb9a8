import { tupleKey } from '../../core/index.js';
import type { TableName } from '../../model/index.js';
import { PrefixMaximum } from './prefix-maximum.js';
import { withIndexes } from './record-format.js';
import { type Row, type StateReader, definitionOf, staysInPlace, tableNames } from './row.js';
import { Table } from './table.js';
import { type Tuples, sameTuples } from './table-index.js';

/** Names of the records in the `system` table that this room reads itself. */
export const INDEX_BASE = 'index-base';
export const MARK_FLOOR = 'mark-floor';
/** Counts restores: that it changes tells every server to begin anew. */
export const RESTORED = 'restored';

/** Tables that tell about the store itself: leaving them leaves no mark. */
const unmarked: ReadonlySet<TableName> = new Set(['marks', 'system', 'guards']);

/** Tables of whose records nobody waits: all that leave one of them leave the same mark, which is enough for conditions. */
const markedAsOne: ReadonlySet<TableName> = new Set(['session-renewals', 'ended-sessions', 'lock-delays']);

/** Whether a record that leaves the table leaves a mark. */
export function leavesMarks(table: TableName): boolean {
  return !unmarked.has(table);
}

/** The pseudo index of a table whose ranges are single primary keys: `''` cannot be the name of an index. */
const KEY_INDEX = '';

export interface TableChange {
  readonly table: TableName;
  readonly key: string;
  readonly after: Row | undefined;
}

/** The applied state: every table with its indexes, and the marks of ranges that records have left. */
export class Database implements StateReader {
  /** Engine revision + base = index. */
  base = 0;
  readonly #tables = new Map<TableName, Table>(tableNames.map((name) => [name, new Table(name)]));
  readonly #marks = new PrefixMaximum();

  get(table: TableName, key: string): Row | undefined {
    return this.table(table).get(key);
  }

  range(table: TableName, index: string, prefix: readonly string[], limit?: number): Row[] {
    return this.table(table).range(index, prefix, limit);
  }

  table(name: TableName): Table {
    return this.#tables.get(name) as Table;
  }

  /** No answer's index is below this: marks up to here have been reaped. */
  get floor(): number {
    const value = this.get('system', MARK_FLOOR)?.['value'];
    return typeof value === 'number' ? value : 0;
  }

  /** Greatest index at which a record left the range, given as its `rangeText`; 0 if none is known. */
  rangeMark(table: TableName, index: string, text: string): number {
    return this.#marks.isEmpty ? 0 : this.#marks.under(tupleKey(table, index) + text);
  }

  /** Index at which the record under `key` was last deleted; 0 if that is not known. */
  keyMark(table: TableName, key: string): number {
    return this.#marks.isEmpty ? 0 : this.#marks.under(keyMarkRange(table, key));
  }

  /** How many records there are. */
  get size(): number {
    let size = 0;
    for (const table of this.#tables.values()) size += table.size;
    return size;
  }

  /** Every stored key. */
  *keys(): Generator<{ readonly table: TableName; readonly key: string }> {
    for (const [table, rows] of this.#tables) for (const [key] of rows.entries()) yield { table, key };
  }

  /** Changes the base: every row gets the indexes that follow from it. */
  rebase(base: number): void {
    const shift = base - this.base;
    this.base = base;
    this.#marks.clear();
    for (const [table, rows] of this.#tables)
      for (const [key, row] of [...rows.entries()])
        this.replace({ table, key, after: withIndexes(row, row.createIndex + shift, row.modifyIndex + shift) });
  }

  /** Applies one change; returns the row that was there. */
  replace({ table, key, after }: TableChange): Row | undefined {
    const before = this.table(table).replace(key, after);
    this.#note(table, key, after);
    return before;
  }

  /** As `Table.append`. */
  append(table: TableName, key: string, row: Row): void {
    this.table(table).append(key, row);
    this.#note(table, key, row);
  }

  #note(table: TableName, key: string, after: Row | undefined): void {
    if (table === 'marks' && after) this.#marks.raise(key, after.modifyIndex);
    if (table === 'system' && key === MARK_FLOOR) this.#marks.forget(this.floor);
  }
}

const NONE: readonly string[] = [];

/** Keys of the marks that a change from `before` to `after` must write: the ranges that the record leaves. */
export function marksOfChange(name: TableName, key: string, before: Row, after: Row | undefined): readonly string[] {
  if (unmarked.has(name)) return NONE;
  if (markedAsOne.has(name)) return after ? NONE : [tupleKey(name, KEY_INDEX)];
  const definition = definitionOf(name);
  if (after && staysInPlace(definition, before, after)) return NONE;
  const left = after ? [] : [keyMarkRange(name, key)];
  const { indexes } = definition;
  for (const index in indexes) {
    const tuples = indexes[index] as Tuples;
    const [former, latter] = [tuples(before), after ? tuples(after) : []];
    if (sameTuples(former, latter)) continue;
    const kept = new Set(latter.map((tuple) => tupleKey(...tuple)));
    for (const tuple of former) {
      const text = tupleKey(...tuple);
      if (!kept.has(text)) left.push(tupleKey(name, index) + text);
    }
  }
  return left;
}

function keyMarkRange(table: TableName, key: string): string {
  return tupleKey(table, KEY_INDEX, key);
}
