import { AppError } from '../../core/index.js';
import type { Cell, MeshView, TableName, Tables } from '../../model/index.js';
import { type Database, rangeText } from '../tables/index.js';
import type { CellNode } from './cell-node.js';
import type { Source, Sources } from './sources.js';

/** The cells that a computation may read. */
export interface ReadableCells {
  node(definition: Cell<unknown>, key: string): CellNode;
  /** Brings a node up to date; throws when that needs its own value. */
  refresh(node: CellNode): void;
}

/** The view a cell computes over: notes what is read, in order, and the greatest index among it. */
export class ComputingView implements MeshView {
  readonly #database: Database;
  readonly #sources: Sources;
  readonly #cells: ReadableCells;
  readonly #node: CellNode;
  readonly #readSources: Source[] = [];
  readonly #inputs: CellNode[] = [];
  /** Only for a cell that has read before: those whose reader it is already cannot tell what it reads now for the first time. */
  readonly #seen: Set<Source | CellNode> | undefined;
  #index = 0;
  #closed = false;

  /** `node` is entered as reader at once: what it reads must not be dropped while it computes. */
  constructor(node: CellNode, database: Database, sources: Sources, cells: ReadableCells) {
    this.#node = node;
    this.#database = database;
    this.#sources = sources;
    this.#cells = cells;
    this.#seen = node.sources.length + node.inputs.length > 0 ? new Set() : undefined;
  }

  get<Name extends TableName>(table: Name, key: string): Tables[Name] | undefined {
    this.#noteSource(this.#open().ofKey(table, key));
    const row = this.#database.get(table, key);
    this.#raise(row ? row.modifyIndex : this.#database.keyMark(table, key));
    return row as Tables[Name] | undefined;
  }

  range<Name extends TableName>(table: Name, index: string, prefix: readonly string[]): readonly Tables[Name][] {
    const rows = this.#database.range(table, index, prefix);
    const text = rangeText(this.#database.table(table).definition, index, prefix);
    this.#noteSource(this.#open().ofRange(table, index, text));
    this.#raise(this.#database.rangeMark(table, index, text));
    for (const row of rows) this.#raise(row.modifyIndex);
    return rows as unknown as readonly Tables[Name][];
  }

  /** A circle still counts as read, so that the reader runs again when the circle is gone. */
  cell<Value>(definition: Cell<Value>, key: string): Value {
    this.#open();
    const node = this.#cells.node(definition as Cell<unknown>, key);
    let problem: AppError | undefined;
    try {
      this.#cells.refresh(node);
      problem = node.problem;
    } catch (thrown) {
      problem = AppError.from(thrown);
    }
    if (this.#isNew(node)) this.#inputs.push(node);
    if (problem) throw problem;
    return node.value as Value;
  }

  /** Ends the computation and returns what it read. Reading later would go unnoticed, so it throws. */
  close(): { readonly sources: readonly Source[]; readonly inputs: readonly CellNode[]; readonly index: number } {
    this.#closed = true;
    return { sources: exact(this.#readSources), inputs: exact(this.#inputs), index: this.#index };
  }

  #open(): Sources {
    if (this.#closed) throw new AppError('internal', 'A computation read its view after it had returned.');
    return this.#sources;
  }

  #noteSource(source: Source): void {
    if (this.#isNew(source)) this.#readSources.push(source);
  }

  /** Enters the reader; whether this computation reads it for the first time. */
  #isNew(read: Source | CellNode): boolean {
    const isNewReader = read.readers.add(this.#node);
    return this.#seen === undefined ? isNewReader : this.#seen.size < this.#seen.add(read).size;
  }

  #raise(index: number): void {
    if (index > this.#index) this.#index = index;
  }
}

const NOTHING: readonly never[] = [];

/** Without the room that a list keeps when it has grown: there are some cells for every proxy. */
function exact<Item>(list: readonly Item[]): readonly Item[] {
  return list.length === 0 ? NOTHING : list.slice();
}
