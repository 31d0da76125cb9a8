import type { TableName } from '../../model/index.js';
import { type Row, type StateReader, definitionOf } from './row.js';
import { Table, compareKeys } from './table.js';

/** What was written under a key: a row, or its deletion; with the writer's own note. */
export interface Written<Note> {
  readonly row: Row | undefined;
  readonly note: Note;
}

interface TableOverlay<Note> {
  readonly written: Map<string, Written<Note>>;
  /** The written rows with their indexes; made when a range is first read. */
  rows: Table | undefined;
}

/** Writes over another state without touching it: of a transaction, of commits that are not durable yet, of a what-if. */
export class Overlay<Note = undefined> implements StateReader {
  readonly #base: StateReader;
  readonly #tables = new Map<TableName, TableOverlay<Note>>();

  constructor(base: StateReader) {
    this.#base = base;
  }

  get isEmpty(): boolean {
    return this.#tables.size === 0;
  }

  get(table: TableName, key: string): Row | undefined {
    const written = this.#tables.get(table)?.written.get(key);
    return written ? written.row : this.#base.get(table, key);
  }

  range(table: TableName, index: string, prefix: readonly string[], limit?: number): readonly Row[] {
    const overlay = this.#tables.get(table);
    if (!overlay) return this.#base.range(table, index, prefix, limit);
    // So many rows below may be covered by what is written here.
    const below = this.#base.range(table, index, prefix, limit && limit + overlay.written.size);
    const definition = definitionOf(table);
    const own = (overlay.rows ??= indexed(table, overlay.written)).range(index, prefix);
    const kept = below.filter((row) => !overlay.written.has(definition.key(row)));
    if (own.length === 0) return kept.slice(0, limit);
    if (kept.length === 0) return own.slice(0, limit);
    return [...kept, ...own].sort((left, right) => compareKeys(definition, left, right)).slice(0, limit);
  }

  /** What was written here under a key, if anything. */
  written(table: TableName, key: string): Written<Note> | undefined {
    return this.#tables.get(table)?.written.get(key);
  }

  set(table: TableName, key: string, row: Row | undefined, note: Note): void {
    let overlay = this.#tables.get(table);
    if (!overlay) this.#tables.set(table, (overlay = { written: new Map(), rows: undefined }));
    overlay.written.set(key, { row, note });
    overlay.rows?.replace(key, row);
  }

  /** Forgets what was written under a key, so that the state below shows again. */
  unset(table: TableName, key: string): void {
    const overlay = this.#tables.get(table);
    if (!overlay?.written.delete(key)) return;
    overlay.rows?.replace(key, undefined);
    if (overlay.written.size === 0) this.#tables.delete(table);
  }

  clear(): void {
    this.#tables.clear();
  }

  /** As `writes`, without making an object for each. */
  forEach(visit: (table: TableName, key: string, written: Written<Note>) => void): void {
    for (const [table, { written }] of this.#tables) written.forEach((each, key) => visit(table, key, each));
  }

  *writes(): Generator<{ readonly table: TableName; readonly key: string } & Written<Note>> {
    for (const [table, { written }] of this.#tables)
      for (const [key, { row, note }] of written) yield { table, key, row, note };
  }
}

function indexed(name: TableName, written: ReadonlyMap<string, { readonly row: Row | undefined }>): Table {
  const table = new Table(name);
  for (const [key, { row }] of written) if (row) table.replace(key, row);
  return table;
}
