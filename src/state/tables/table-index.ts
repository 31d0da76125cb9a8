import { tupleKey } from '../../core/index.js';
import type { Row } from './row.js';
import { SortedRows } from './sorted-rows.js';

export type Tuples = (row: Row) => readonly (readonly string[])[];

/** Every range (as the text of its tuple prefix) that a row belongs to, the whole index (`''`) included. */
export function rangesOf(tuples: readonly (readonly string[])[]): string[] {
  const texts: string[] = [];
  for (const tuple of tuples) {
    if (!texts.includes('')) texts.push('');
    let text = '';
    for (const part of tuple) {
      text += tupleKey(part);
      if (tuples.length === 1 || !texts.includes(text)) texts.push(text);
    }
  }
  return texts;
}

/** One index of a table: for each tuple prefix the rows found under it. */
export class TableIndex {
  /** By depth: prefix text -> rows. Depth 0 is kept for rows with an empty tuple only; other whole-index reads merge depth 1. */
  readonly #byDepth: Map<string, SortedRows<Row>>[] = [];
  readonly #tuples: Tuples;

  constructor(tuples: Tuples) {
    this.#tuples = tuples;
  }

  /** Replaces `before` by `after` under one key; tells `onRange` every range that either belongs to. */
  update(key: string, before: Row | undefined, after: Row | undefined, onRange?: (text: string) => void): void {
    const oldTuples = before ? this.#tuples(before) : [];
    const newTuples = after ? this.#tuples(after) : [];
    const same = sameTuples(oldTuples, newTuples);
    if (!same) for (const tuple of oldTuples) this.#each(tuple, (depth, text) => this.#remove(depth, text, key));
    if (after) for (const tuple of newTuples) this.#each(tuple, (depth, text) => this.#add(depth, text, key, after));
    if (!onRange) return;
    const old = rangesOf(oldTuples);
    for (const text of old) onRange(text);
    if (!same) for (const text of rangesOf(newTuples)) if (!old.includes(text)) onRange(text);
  }

  /** The rows of a range in the order of their keys. */
  range(prefix: readonly string[], keyOf: (row: Row) => string): Row[] {
    const found = this.#byDepth[prefix.length]?.get(tupleKey(...prefix))?.values();
    if (prefix.length > 0) return found ?? [];
    const rows = new Map<string, Row>(found?.map((row) => [keyOf(row), row]));
    if (found && !this.#byDepth[1]?.size) return found;
    for (const bucket of this.#byDepth[1]?.values() ?? []) for (const row of bucket.values()) rows.set(keyOf(row), row);
    return [...rows.entries()].sort(([left], [right]) => (left < right ? -1 : 1)).map(([, row]) => row);
  }

  #each(tuple: readonly string[], visit: (depth: number, text: string) => void): void {
    if (tuple.length === 0) visit(0, '');
    let text = '';
    for (let depth = 1; depth <= tuple.length; depth += 1) {
      text += tupleKey(tuple[depth - 1] as string);
      visit(depth, text);
    }
  }

  #add(depth: number, text: string, key: string, row: Row): void {
    while (this.#byDepth.length <= depth) this.#byDepth.push(new Map());
    const buckets = this.#byDepth[depth] as Map<string, SortedRows<Row>>;
    let bucket = buckets.get(text);
    if (!bucket) buckets.set(text, (bucket = new SortedRows()));
    bucket.set(key, row);
  }

  #remove(depth: number, text: string, key: string): void {
    const buckets = this.#byDepth[depth];
    const bucket = buckets?.get(text);
    if (!bucket) return;
    bucket.delete(key);
    if (bucket.size === 0) buckets?.delete(text);
  }
}

function sameTuples(left: readonly (readonly string[])[], right: readonly (readonly string[])[]): boolean {
  if (left.length !== right.length) return false;
  return left.every((tuple, at) => {
    const other = right[at] as readonly string[];
    return tuple.length === other.length && tuple.every((part, position) => part === other[position]);
  });
}
