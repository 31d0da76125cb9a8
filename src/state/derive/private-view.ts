import { AppError } from '../../core/index.js';
import type { Cell, MeshView, TableName, Tables } from '../../model/index.js';
import type { Row, StateReader } from '../tables/index.js';

/** Told of every read, absences and empty ranges included. */
export interface ReadListener {
  get(table: TableName, key: string, row: Row | undefined): void;
  range(table: TableName, index: string, prefix: readonly string[], rows: readonly Row[]): void;
}

/** A view with cells of its own: for transactions, what-if and trace, where the shared cache would be wrong. */
export class PrivateView implements MeshView {
  readonly #reader: StateReader;
  readonly #listener: ReadListener | undefined;
  // Most views are of transactions, and most of those have no cells.
  #values: Map<string, Map<string, unknown>> | undefined;
  #active: string[] | undefined;

  constructor(reader: StateReader, listener?: ReadListener) {
    this.#reader = reader;
    this.#listener = listener;
  }

  get<Name extends TableName>(table: Name, key: string): Tables[Name] | undefined {
    const row = this.#reader.get(table, key);
    this.#listener?.get(table, key, row);
    return row as Tables[Name] | undefined;
  }

  range<Name extends TableName>(table: Name, index: string, prefix: readonly string[]): readonly Tables[Name][] {
    return this.first(table, index, prefix);
  }

  /** The first rows of a range; counts as a read of the whole of it. */
  first<Name extends TableName>(
    table: Name,
    index: string,
    prefix: readonly string[],
    limit?: number,
  ): readonly Tables[Name][] {
    const rows = this.#reader.range(table, index, prefix, limit);
    this.#listener?.range(table, index, prefix, rows);
    return rows as unknown as readonly Tables[Name][];
  }

  cell<Value>(definition: Cell<Value>, key: string): Value {
    const all = (this.#values ??= new Map());
    let values = all.get(definition.kind);
    if (!values) all.set(definition.kind, (values = new Map()));
    if (values.has(key)) return values.get(key) as Value;
    const active = (this.#active ??= []);
    const name = `${definition.kind} ${key}`;
    if (active.includes(name)) throw cycleError([...active, name]);
    active.push(name);
    try {
      const value = definition.compute(this, key);
      values.set(key, value);
      return value;
    } finally {
      active.pop();
    }
  }

  /** Forgets the values of cells: what is below the view has changed. */
  forgetCells(): void {
    this.#values = undefined;
  }
}

/** The error of a computation that needs its own value; `path` begins anywhere and ends with the repeated name. */
export function cycleError(path: readonly string[]): AppError {
  const cycle = path.slice(path.indexOf(path[path.length - 1] as string));
  return new AppError('internal', `A computation needs its own value: ${cycle.join(' -> ')}.`);
}
