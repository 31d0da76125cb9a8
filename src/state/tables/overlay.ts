import type { TableName } from '../../model/index.js';
import type { Row, StateReader } from './row.js';
import { definitionOf } from './row.js';
import { Table } from './table.js';

interface TableOverlay {
  /** Every key written here: with its row, or `undefined` when deleted. */
  readonly written: Map<string, Row | undefined>;
  readonly rows: Table;
}

/** Writes over another state without touching it: of a transaction, of commits that are not durable yet, of a what-if. */
export class Overlay implements StateReader {
  readonly #base: StateReader;
  readonly #tables = new Map<TableName, TableOverlay>();

  constructor(base: StateReader) {
    this.#base = base;
  }

  get isEmpty(): boolean {
    return this.#tables.size === 0;
  }

  get(table: TableName, key: string): Row | undefined {
    const written = this.#tables.get(table)?.written;
    return written?.has(key) ? written.get(key) : this.#base.get(table, key);
  }

  range(table: TableName, index: string, prefix: readonly string[]): readonly Row[] {
    const below = this.#base.range(table, index, prefix);
    const overlay = this.#tables.get(table);
    if (!overlay) return below;
    const keyOf = definitionOf(table).key;
    const own = overlay.rows.range(index, prefix);
    const kept = below.filter((row) => !overlay.written.has(keyOf(row)));
    if (own.length === 0) return kept;
    return kept.length === 0 ? own : mergeByKey(kept, own, table);
  }

  set(table: TableName, key: string, row: Row | undefined): void {
    let overlay = this.#tables.get(table);
    if (!overlay) this.#tables.set(table, (overlay = { written: new Map(), rows: new Table(table) }));
    overlay.written.set(key, row);
    overlay.rows.replace(key, row);
  }

  /** Forgets what was written under a key, so that the state below shows again. */
  unset(table: TableName, key: string): void {
    const overlay = this.#tables.get(table);
    if (!overlay?.written.delete(key)) return;
    overlay.rows.replace(key, undefined);
    if (overlay.written.size === 0) this.#tables.delete(table);
  }

  clear(): void {
    this.#tables.clear();
  }

  *writes(): Generator<{ readonly table: TableName; readonly key: string; readonly row: Row | undefined }> {
    for (const [table, { written }] of this.#tables) for (const [key, row] of written) yield { table, key, row };
  }
}

function mergeByKey(left: readonly Row[], right: readonly Row[], table: TableName): Row[] {
  const { key, ordered } = definitionOf(table);
  const keyed = [...left, ...right].map((row) => ({ key: key(row), row }));
  keyed.sort((a, b) => (ordered ? Buffer.compare(Buffer.from(a.key), Buffer.from(b.key)) : a.key < b.key ? -1 : 1));
  return keyed.map(({ row }) => row);
}
