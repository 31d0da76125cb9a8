import { tupleKey } from '../../core/index.js';
import type { TableName } from '../../model/index.js';
import { type Row, definitionOf, staysInPlace } from '../tables/index.js';
import type { CellNode } from './cell-node.js';
import { SmallSet } from './small-set.js';

type Home = Map<string, Source>;

/** Something cells have read: one key of a table, or one range of an index. Exists only while a cell depends on it. */
export class Source {
  readonly readers = new SmallSet<CellNode>();
  readonly #home: Home;
  readonly #name: string;

  constructor(home: Home, name: string) {
    this.#home = home;
    this.#name = name;
  }

  /** Removes a reader; the last one takes the source with it. */
  drop(reader: CellNode): void {
    this.readers.delete(reader);
    if (this.readers.size === 0) this.#home.delete(this.#name);
  }
}

/** The sources of one table. */
interface TableSources {
  readonly keys: Home;
  /** By index: the text of a tuple prefix -> source. */
  readonly ranges: Map<string, Home>;
  /** Of the byte-ordered index, by length: prefix -> source. */
  readonly prefixes: Map<number, Home>;
}

/**
 * The reverse maps: from what a commit changes to the sources that cells have read. Tuple ranges are found by their text; the
 * byte prefixes of an ordered table by trying each prefix length that somebody reads.
 */
export class Sources {
  readonly #onTouched: (source: Source) => void;
  readonly #tables = new Map<TableName, TableSources>();

  constructor(onTouched: (source: Source) => void) {
    this.#onTouched = onTouched;
  }

  ofKey(table: TableName, key: string): Source {
    return sourceIn(this.#of(table).keys, key);
  }

  /** `text`: the prefix as `rangeText` has it. */
  ofRange(table: TableName, index: string, text: string): Source {
    const { ranges, prefixes } = this.#of(table);
    if (definitionOf(table).byteOrdered !== index) return sourceIn(homeIn(ranges, index), text);
    return sourceIn(homeIn(prefixes, text.length), text);
  }

  /** Touches everything that a change of one record touches: the key, and each range it was or is in. */
  changed(table: TableName, key: string, before: Row | undefined, after: Row | undefined): void {
    const sources = this.#tables.get(table);
    if (!sources) return;
    this.#touch(sources.keys, key);
    for (const [length, home] of sources.prefixes) {
      if (home.size === 0) sources.prefixes.delete(length);
      else if (length <= key.length) this.#touch(home, key.slice(0, length));
    }
    const definition = definitionOf(table);
    // Then both are in the same ranges.
    const former = before && after && staysInPlace(definition, before, after) ? undefined : before;
    for (const [index, home] of sources.ranges) {
      const tuples = definition.indexes[index];
      if (home.size === 0 || tuples === undefined) continue;
      if (former) for (const tuple of tuples(former)) this.#touchPrefixes(home, tuple);
      if (after) for (const tuple of tuples(after)) this.#touchPrefixes(home, tuple);
    }
  }

  /** Every source there is. */
  *all(): Generator<Source> {
    for (const { keys, ranges, prefixes } of this.#tables.values())
      for (const home of [keys, ...ranges.values(), ...prefixes.values()]) yield* home.values();
  }

  #touchPrefixes(home: Home, tuple: readonly string[]): void {
    let text = '';
    this.#touch(home, text);
    for (const part of tuple) this.#touch(home, (text += tupleKey(part)));
  }

  #touch(home: Home, name: string): void {
    const source = home.get(name);
    if (source) this.#onTouched(source);
  }

  #of(table: TableName): TableSources {
    let sources = this.#tables.get(table);
    if (!sources) this.#tables.set(table, (sources = { keys: new Map(), ranges: new Map(), prefixes: new Map() }));
    return sources;
  }
}

function homeIn<Key>(homes: Map<Key, Home>, key: Key): Home {
  let home = homes.get(key);
  if (!home) homes.set(key, (home = new Map()));
  return home;
}

function sourceIn(home: Home, name: string): Source {
  let source = home.get(name);
  if (!source) home.set(name, (source = new Source(home, name)));
  return source;
}
