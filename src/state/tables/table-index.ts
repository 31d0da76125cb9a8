import type { Row } from './row.js';
import { SortedRows } from './sorted-rows.js';

/** The tuples under which an index has a row. */
export type Tuples = (row: Row) => readonly (readonly string[])[];

/** A row under its key, where all indexes find it: what replaces it there and moves nowhere is found without touching an index. */
export interface Slot {
  readonly key: string;
  row: Row;
}

/** The slots under one tuple prefix, and the longer prefixes below it. Most ranges hold one row: that needs no list. */
interface Range {
  only: Slot | undefined;
  many: SortedRows<Slot> | undefined;
  below: Map<string, Range> | undefined;
}

/** One index of a table: for each tuple prefix the rows found under it, by primary key. */
export class TableIndex {
  /** Holds the rows with an empty tuple only; other reads of the whole index merge what is below. */
  readonly #whole: Range = newRange();
  /** Where `append` has added last. */
  #newest: Range | undefined;
  #newestPart = '';

  add(slot: Slot, tuples: readonly (readonly string[])[]): void {
    this.#newest = undefined;
    for (const tuple of tuples) add(this.#whole, tuple, slot);
  }

  remove(slot: Slot, tuples: readonly (readonly string[])[]): void {
    this.#newest = undefined;
    for (const tuple of tuples) remove(this.#whole, tuple, 0, slot);
  }

  /**
   * Adds a row that is not there, for one that adds all rows in the order of their keys: then neighbours are often in one range, which
   * need not be looked for.
   */
  append(slot: Slot, tuples: readonly (readonly string[])[]): void {
    for (const tuple of tuples) {
      if (tuple.length !== 1) {
        add(this.#whole, tuple, slot);
        continue;
      }
      const part = tuple[0] as string;
      if (!this.#newest || this.#newestPart !== part) {
        this.#newest = rangeBelow(this.#whole, part);
        this.#newestPart = part;
      }
      putSlot(this.#newest, slot);
    }
  }

  /** The first rows of a range in the order of their keys. */
  range(prefix: readonly string[], limit?: number): Row[] {
    let range: Range | undefined = this.#whole;
    for (const part of prefix) {
      range = range.below?.get(part);
      if (!range) return [];
    }
    return rowsOf(prefix.length > 0 || !range.below?.size ? slotsOf(range, limit) : merged(range).slice(0, limit));
  }
}

/** The rows in slots, in a new list. */
export const rowsOf = (slots: readonly Slot[]): Row[] => slots.map(({ row }) => row);

const newRange = (): Range => ({ only: undefined, many: undefined, below: undefined });

function add(whole: Range, tuple: readonly string[], slot: Slot): void {
  if (tuple.length === 0) putSlot(whole, slot);
  let range = whole;
  for (const part of tuple) {
    range = rangeBelow(range, part);
    putSlot(range, slot);
  }
}

function rangeBelow(range: Range, part: string): Range {
  const below = (range.below ??= new Map());
  let next = below.get(part);
  if (!next) below.set(part, (next = newRange()));
  return next;
}

/** Takes a slot out of the ranges of a tuple, and ranges that it leaves empty out of those above. */
function remove(range: Range, tuple: readonly string[], depth: number, slot: Slot): void {
  if (depth > 0 || tuple.length === 0) takeSlot(range, slot);
  const part = tuple[depth];
  if (part === undefined) return;
  const next = range.below?.get(part);
  if (!next) return;
  remove(next, tuple, depth + 1, slot);
  if (!next.many && !next.only) range.below?.delete(part);
}

function putSlot(range: Range, slot: Slot): void {
  if (range.many) range.many.set(slot.key, slot);
  else if (range.only === undefined || range.only === slot) range.only = slot;
  else {
    range.many = new SortedRows();
    range.many.set(range.only.key, range.only);
    range.many.set(slot.key, slot);
    range.only = undefined;
  }
}

function takeSlot(range: Range, slot: Slot): void {
  if (range.many) {
    range.many.delete(slot.key);
    if (range.many.size === 0) range.many = undefined;
  } else if (range.only === slot) range.only = undefined;
}

function slotsOf({ many, only }: Range, limit?: number): readonly Slot[] {
  return many ? many.values(limit) : only ? [only] : [];
}

function merged(whole: Range): Slot[] {
  const slots = new Set<Slot>();
  for (const range of [whole, ...(whole.below?.values() ?? [])]) for (const slot of slotsOf(range)) slots.add(slot);
  return [...slots].sort((left, right) => (left.key < right.key ? -1 : 1));
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
