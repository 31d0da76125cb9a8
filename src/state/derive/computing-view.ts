import { AppError } from '../../core/index.js';
import type { Cell, MeshView, TableName, Tables } from '../../model/index.js';
import type { Database } from '../tables/index.js';
import type { CellNode } from './cell-node.js';
import type { Source, Sources } from './sources.js';

type ReadInput = (
  definition: Cell<unknown>,
  key: string,
) => { readonly node: CellNode; readonly problem: AppError | undefined };

/** The view a cell computes over: notes what is read, in order, and the greatest index among it. */
export class ComputingView implements MeshView {
  readonly #database: Database;
  readonly #sources: Sources;
  readonly #readInput: ReadInput;
  readonly #node: CellNode;
  readonly #readSources = new Set<Source>();
  readonly #inputs = new Set<CellNode>();
  #index = 0;
  #closed = false;

  /** `node` is entered as reader at once: what it reads must not be dropped while it computes. */
  constructor(node: CellNode, database: Database, sources: Sources, readInput: ReadInput) {
    this.#node = node;
    this.#database = database;
    this.#sources = sources;
    this.#readInput = readInput;
  }

  get<Name extends TableName>(table: Name, key: string): Tables[Name] | undefined {
    this.#note(this.#open().ofKey(table, key));
    const row = this.#database.get(table, key);
    this.#raise(row ? row.modifyIndex : this.#database.keyMark(table, key));
    return row as Tables[Name] | undefined;
  }

  range<Name extends TableName>(table: Name, index: string, prefix: readonly string[]): readonly Tables[Name][] {
    const rows = this.#database.range(table, index, prefix);
    this.#note(this.#open().ofRange(table, index, prefix));
    this.#raise(this.#database.rangeMark(table, index, prefix));
    for (const row of rows) this.#raise(row.modifyIndex);
    return rows as unknown as readonly Tables[Name][];
  }

  cell<Value>(definition: Cell<Value>, key: string): Value {
    this.#open();
    const { node, problem } = this.#readInput(definition as Cell<unknown>, key);
    node.readers.add(this.#node);
    this.#inputs.add(node);
    if (problem) throw problem;
    return node.value as Value;
  }

  /** Ends the computation and returns what it read. Reading later would go unnoticed, so it throws. */
  close(): { readonly sources: readonly Source[]; readonly inputs: readonly CellNode[]; readonly index: number } {
    this.#closed = true;
    return { sources: [...this.#readSources], inputs: [...this.#inputs], index: this.#index };
  }

  #open(): Sources {
    if (this.#closed) throw new AppError('internal', 'A computation read its view after it had returned.');
    return this.#sources;
  }

  #note(source: Source): void {
    source.readers.add(this.#node);
    this.#readSources.add(source);
  }

  #raise(index: number): void {
    if (index > this.#index) this.#index = index;
  }
}
