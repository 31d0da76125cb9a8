import { AppError, tupleKey } from '../../core/index.js';
import type { Cell, Draft, TableName, Tables } from '../../model/index.js';
import type { BackendTransaction, DeleteOperation, PutOperation } from '../backend/index.js';
import { PrivateView, type ReadListener } from '../derive/index.js';
import type { Transaction } from '../state-store.js';
import {
  Overlay,
  type Row,
  type StateReader,
  definitionOf,
  marksOfChange,
  sameContent,
  writeMark,
  writeRecord,
} from '../tables/index.js';

/** A lone surrogate: engines store keys as UTF-8, where it would turn into another key. */
const HALF_CHARACTER = /\p{Surrogate}/u;
/** Any surrogate: is looked for in a tenth of the time, and most keys have none. */
const SURROGATE = /[\ud800-\udfff]/;

type Operation = PutOperation | DeleteOperation;

/** A transaction while it runs: a view over a state and its own writes. */
export class TransactionView implements Transaction {
  readonly nowMs: number;
  readonly #below: StateReader;
  readonly #own: Overlay<WriteNote>;
  /** For ranges and cells; made when one is first asked for. */
  #view: PrivateView | undefined;
  readonly #listener: ReadListener;
  readonly #nextIndex: number;
  /** What was read last of the state below, which does not change while a transaction runs. */
  #lastTable: TableName | undefined;
  #lastKey = '';
  #lastBelow: Row | undefined;
  /** What was deleted, also if it has been put again; most transactions delete nothing. */
  #deleted: Set<string> | undefined;

  /** `listener` is told of reads of the state below, never of own writes; `nextIndex` is what written rows show as index. */
  constructor(below: StateReader, nextIndex: number, listener: ReadListener, nowMs: number) {
    this.nowMs = nowMs;
    this.#below = below;
    this.#own = new Overlay(below);
    this.#listener = listener;
    this.#nextIndex = nextIndex;
  }

  /** The state below with this transaction's writes. */
  get reader(): StateReader {
    return this.#own;
  }

  /** Whether it writes anything. */
  get hasWrites(): boolean {
    return !this.#own.isEmpty;
  }

  get<Name extends TableName>(table: Name, key: string): Tables[Name] | undefined {
    const below = this.#readBelow(table, key);
    const written = this.#own.written(table, key);
    return (written ? written.row : below) as Tables[Name] | undefined;
  }

  range<Name extends TableName>(table: Name, index: string, prefix: readonly string[]): readonly Tables[Name][] {
    return this.#tracked().range(table, index, prefix);
  }

  first<Name extends TableName>(
    table: Name,
    index: string,
    prefix: readonly string[],
    limit: number,
  ): readonly Tables[Name][] {
    return this.#tracked().first(table, index, prefix, limit);
  }

  peek<Name extends TableName>(
    table: Name,
    index: string,
    prefix: readonly string[],
    limit: number,
  ): readonly Tables[Name][] {
    return this.#own.range(table, index, prefix, limit) as never;
  }

  cell<Value>(definition: Cell<Value>, key: string): Value {
    return this.#tracked().cell(definition, key);
  }

  put<Name extends TableName>(table: Name, record: Draft<Tables[Name]>): void {
    const key = definitionOf(table).key(record as unknown as Row);
    if (SURROGATE.test(key) && HALF_CHARACTER.test(key)) throw halfCharacter(table);
    const below = this.#readBelow(table, key);
    this.#view?.forgetCells();
    // A draft that holds just what is there needs no text; one with absent fields shows it only as a row.
    const written =
      below && sameContent(below, record) ? undefined : writeRecord(table, record, below, this.#nextIndex);
    if (!written || (below && sameContent(below, written.row))) {
      this.#own.unset(table, key);
      return;
    }
    this.#own.set(table, key, written.row, { before: below, value: written.value });
  }

  delete(table: TableName, key: string): void {
    this.#view?.forgetCells();
    const before = this.#readBelow(table, key);
    if (before === undefined) {
      this.#own.unset(table, key);
      return;
    }
    this.#own.set(table, key, undefined, { before, value: '' });
    (this.#deleted ??= new Set()).add(tupleKey(table, key));
  }

  hasDeleted(table: TableName, key: string): boolean {
    return this.#deleted !== undefined && this.#deleted.has(tupleKey(table, key));
  }

  guard(family: string): void {
    const sequence = (this.get('guards', family)?.sequence ?? 0) + 1;
    this.put('guards', { family, sequence });
  }

  /** Every row this transaction writes, with the marks of ranges that records leave, and the engine's operations for them. */
  finish(): { readonly operations: BackendTransaction['operations']; readonly rows: readonly WrittenRow[] } {
    const rows: WrittenRow[] = [];
    const operations: Operation[] = [];
    const left: string[] = [];
    this.#own.forEach((table, key, { row, note: { before, value } }) => {
      rows.push({ table, key, row });
      operations.push(row ? { type: 'put', table, key, value } : { type: 'delete', table, key });
      if (before) for (const range of marksOfChange(table, key, before, row)) left.push(range);
    });
    for (const range of new Set(left)) {
      const stored = this.#below.get('marks', range);
      const { row, value } = writeMark(range, stored, this.#nextIndex);
      rows.push({ table: 'marks', key: range, row });
      operations.push({ type: 'put', table: 'marks', key: range, value });
    }
    return { operations, rows };
  }

  #tracked(): PrivateView {
    return (this.#view ??= new PrivateView(this.#own, {
      get: (table, key) => this.#readBelow(table, key),
      range: (table, index, prefix, rows) => this.#listener.range(table, index, prefix, rows),
    }));
  }

  /** A record that was just read is most often what is written next: it is looked up once. */
  #readBelow(table: TableName, key: string): Row | undefined {
    if (this.#lastTable === table && this.#lastKey === key) return this.#lastBelow;
    const row = this.#below.get(table, key);
    this.#listener.get(table, key, row);
    this.#lastTable = table;
    this.#lastKey = key;
    this.#lastBelow = row;
    return row;
  }
}

function halfCharacter(table: TableName): AppError {
  return new AppError('invalidArgument', `A name or key in ${table} holds half a character: send it as valid UTF-8.`);
}

/** What a write replaces, and the text to store of its row. */
interface WriteNote {
  readonly before: Row | undefined;
  readonly value: string;
}

/** A row a transaction writes; `undefined` = deleted. */
export interface WrittenRow {
  readonly table: TableName;
  readonly key: string;
  readonly row: Row | undefined;
}
