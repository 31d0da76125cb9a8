import type { Row } from './row.js';
import { SortedRows } from './sorted-rows.js';

/** The tuples under which an index has a row. */
export type Tuples = (row: Row) => readonly (readonly string[])[];

/** The rows under one tuple prefix, and the longer prefixes below it. Most ranges hold one row: that needs no list. */
interface Range {
  onlyKey: string | undefined;
  only: Row | undefined;
  many: SortedRows<Row> | undefined;
  below: Map<string, Range> | undefined;
}

/** One index of a table: for each tuple prefix the rows found under it, by primary key. */
export class TableIndex {
  /** Holds the rows with an empty tuple only; other reads of the whole index merge what is below. */
  readonly #whole: Range = newRange();
  readonly #tuples: Tuples;
  /** Where `append` has added last. */
  #newest: Range | undefined;
  #newestPart = '';

  constructor(tuples: Tuples) {
    this.#tuples = tuples;
  }

  /** Replaces `before` by `after`, which has `newTuples`, under one key. */
  update(
    key: string,
    before: Row | undefined,
    after: Row | undefined,
    newTuples: readonly (readonly string[])[],
  ): void {
    this.#newest = undefined;
    if (before) {
      const oldTuples = this.#tuples(before);
      if (!sameTuples(oldTuples, newTuples)) for (const tuple of oldTuples) remove(this.#whole, tuple, 0, key);
    }
    if (after) for (const tuple of newTuples) add(this.#whole, tuple, key, after);
  }

  /**
   * Adds a row that is not there, for one that adds all rows in the order of their keys: then neighbours are often in one range, which
   * need not be looked for.
   */
  append(key: string, row: Row, tuples: readonly (readonly string[])[]): void {
    for (const tuple of tuples) {
      if (tuple.length !== 1) {
        add(this.#whole, tuple, key, row);
        continue;
      }
      const part = tuple[0] as string;
      if (!this.#newest || this.#newestPart !== part) {
        this.#newest = rangeBelow(this.#whole, part);
        this.#newestPart = part;
      }
      setRow(this.#newest, key, row);
    }
  }

  /** The first rows of a range in the order of their keys. */
  range(prefix: readonly string[], keyOf: (row: Row) => string, limit?: number): Row[] {
    let range: Range | undefined = this.#whole;
    for (const part of prefix) {
      range = range.below?.get(part);
      if (!range) return [];
    }
    return prefix.length > 0 || !range.below?.size ? rowsOf(range, limit) : merged(range, keyOf).slice(0, limit);
  }
}

const newRange = (): Range => ({ onlyKey: undefined, only: undefined, many: undefined, below: undefined });

function add(whole: Range, tuple: readonly string[], key: string, row: Row): void {
  if (tuple.length === 0) setRow(whole, key, row);
  let range = whole;
  for (const part of tuple) {
    range = rangeBelow(range, part);
    setRow(range, key, row);
  }
}

function rangeBelow(range: Range, part: string): Range {
  const below = (range.below ??= new Map());
  let next = below.get(part);
  if (!next) below.set(part, (next = newRange()));
  return next;
}

/** Takes a row out of the ranges of a tuple, and ranges that it leaves empty out of those above. */
function remove(range: Range, tuple: readonly string[], depth: number, key: string): void {
  if (depth > 0 || tuple.length === 0) deleteRow(range, key);
  const part = tuple[depth];
  if (part === undefined) return;
  const next = range.below?.get(part);
  if (!next) return;
  remove(next, tuple, depth + 1, key);
  if (!next.many && next.onlyKey === undefined) range.below?.delete(part);
}

function setRow(range: Range, key: string, row: Row): void {
  if (range.many) range.many.set(key, row);
  else if (range.only === undefined || range.onlyKey === key) {
    range.onlyKey = key;
    range.only = row;
  } else {
    range.many = new SortedRows();
    range.many.set(range.onlyKey as string, range.only);
    range.many.set(key, row);
    range.onlyKey = undefined;
    range.only = undefined;
  }
}

function deleteRow(range: Range, key: string): void {
  if (range.many) {
    range.many.delete(key);
    if (range.many.size === 0) range.many = undefined;
  } else if (range.onlyKey === key) {
    range.onlyKey = undefined;
    range.only = undefined;
  }
}

function rowsOf({ many, only }: Range, limit?: number): Row[] {
  return many ? many.values(limit) : only ? [only] : [];
}

function merged(whole: Range, keyOf: (row: Row) => string): Row[] {
  const rows = new Map<string, Row>();
  for (const range of [whole, ...(whole.below?.values() ?? [])])
    for (const row of rowsOf(range)) rows.set(keyOf(row), row);
  return [...rows].sort(([left], [right]) => (left < right ? -1 : 1)).map(([, row]) => row);
}

/** Whether two lists of tuples are the same, in the same order. */
export function sameTuples(left: readonly (readonly string[])[], right: readonly (readonly string[])[]): boolean {
  if (left.length !== right.length) return false;
  for (let at = 0; at < left.length; at += 1) {
    const [one, other] = [left[at] as readonly string[], right[at] as readonly string[]];
    if (one.length !== other.length) return false;
    for (let position = 0; position < one.length; position += 1) if (one[position] !== other[position]) return false;
  }
  return true;
}
