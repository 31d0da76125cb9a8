import { tupleKey } from '../../core/index.js';
import type { TableName } from '../../model/index.js';
import type { TouchListener } from '../tables/database.js';
import { definitionOf } from '../tables/row.js';
import type { CellNode } from './cell-node.js';

/** Something cells have read: one key of a table, or one range of an index. Exists only while a cell depends on it. */
export class Source {
  readonly readers = new Set<CellNode>();
  readonly #home: Map<string, Source>;
  readonly #name: string;

  constructor(home: Map<string, Source>, name: string) {
    this.#home = home;
    this.#name = name;
  }

  /** Removes a reader; the last one takes the source with it. */
  drop(reader: CellNode): void {
    this.readers.delete(reader);
    if (this.readers.size === 0) this.#home.delete(this.#name);
  }
}

/**
 * The reverse maps: from what a commit touches to the sources that cells have read. Tuple ranges are found by their text; the
 * byte prefixes of an ordered table by trying each prefix length that somebody reads.
 */
export class Sources implements TouchListener {
  readonly #onTouched: (source: Source) => void;
  readonly #keys = new Map<TableName, Map<string, Source>>();
  readonly #ranges = new Map<string, Map<string, Source>>();
  readonly #prefixes = new Map<string, Map<number, Map<string, Source>>>();

  constructor(onTouched: (source: Source) => void) {
    this.#onTouched = onTouched;
  }

  ofKey(table: TableName, key: string): Source {
    return sourceIn(mapIn(this.#keys, table), key);
  }

  ofRange(table: TableName, index: string, prefix: readonly string[]): Source {
    const name = `${table} ${index}`;
    if (definitionOf(table).ordered !== 'bytes') return sourceIn(mapIn(this.#ranges, name), tupleKey(...prefix));
    const text = prefix[0] ?? '';
    return sourceIn(mapIn(mapIn(this.#prefixes, name), text.length), text);
  }

  key(table: TableName, key: string): void {
    this.#touch(this.#keys.get(table), key);
  }

  range(table: TableName, index: string, text: string): void {
    const name = `${table} ${index}`;
    this.#touch(this.#ranges.get(name), text);
    const byLength = this.#prefixes.get(name);
    if (!byLength) return;
    for (const [length, sources] of byLength) {
      if (sources.size === 0) byLength.delete(length);
      else if (length <= text.length) this.#touch(sources, text.slice(0, length));
    }
  }

  /** Every source there is. */
  *all(): Generator<Source> {
    for (const sources of this.#keys.values()) yield* sources.values();
    for (const sources of this.#ranges.values()) yield* sources.values();
    for (const byLength of this.#prefixes.values()) for (const sources of byLength.values()) yield* sources.values();
  }

  #touch(sources: Map<string, Source> | undefined, name: string): void {
    const source = sources?.get(name);
    if (source) this.#onTouched(source);
  }
}

function mapIn<Key, InnerKey, Value>(outer: Map<Key, Map<InnerKey, Value>>, key: Key): Map<InnerKey, Value> {
  let inner = outer.get(key);
  if (!inner) outer.set(key, (inner = new Map<InnerKey, Value>()));
  return inner;
}

function sourceIn(home: Map<string, Source>, name: string): Source {
  let source = home.get(name);
  if (!source) home.set(name, (source = new Source(home, name)));
  return source;
}
