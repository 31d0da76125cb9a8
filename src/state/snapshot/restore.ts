import { AppError } from '../../core/index.js';
import type { Draft, TableName, Tables } from '../../model/index.js';
import type { Transaction } from '../state-store.js';
import { INDEX_BASE, MARK_FLOOR, RESTORED, type Row, checkDraft, definitionOf, sameContent } from '../tables/index.js';
import { isSavedTable } from './capture.js';

/** The records that a state is to consist of, checked one by one as they arrive. */
export class RestoredState {
  readonly #tables = new Map<TableName, Map<string, Row>>();
  readonly #present: (table: TableName, key: string) => Row | undefined;

  /** `present` reads the state that is to be replaced: records that are in it already are not held twice, nor written. */
  constructor(present: (table: TableName, key: string) => Row | undefined = () => undefined) {
    this.#present = present;
  }

  /** Throws AppError('invalidArgument') for a record that this version cannot hold: of a newer version, or under a wrong key. */
  add(table: string, key: string, value: Readonly<Record<string, unknown>>): void {
    if (!isSavedTable(table))
      throw new AppError(
        'invalidArgument',
        `the snapshot holds records of "${table}", which this version does not know: restore it with the version that made it`,
      );
    let rows = this.#tables.get(table);
    if (!rows) this.#tables.set(table, (rows = new Map()));
    if (rows.has(key))
      throw new AppError('invalidArgument', `the snapshot is damaged: a record of ${table} is in it twice`);
    const draft = checkDraft(table, key, value);
    const known = this.#present(table, key);
    rows.set(key, known && sameContent(known, draft) ? known : draft);
  }

  has(table: TableName, key: string): boolean {
    return this.#tables.get(table)?.has(key) ?? false;
  }

  get<Name extends TableName>(table: Name, key: string): Draft<Tables[Name]> | undefined {
    return this.#tables.get(table)?.get(key) as Draft<Tables[Name]> | undefined;
  }

  /** Whether it holds a record of another state with all that is in it. */
  keeps<Name extends TableName>(table: Name, record: Tables[Name]): boolean {
    const row = record as unknown as Row;
    const held = this.#tables.get(table)?.get(definitionOf(table).key(row));
    return held !== undefined && sameContent(held, row);
  }

  *records(): Generator<{ readonly table: TableName; readonly key: string; readonly draft: Row }> {
    for (const [table, rows] of this.#tables) for (const [key, draft] of rows) yield { table, key, draft };
  }
}

/**
 * Makes the state what was saved: what differs is written, what was not saved is deleted, equal records stay as they are. From now
 * on every answer's index is above all indexes that clients have seen, of this state or of the saved one.
 */
export function applyRestore(
  transaction: Transaction,
  state: RestoredState,
  present: Iterable<{ readonly table: TableName; readonly key: string }>,
  indexes: { readonly now: number; readonly saved: number },
): void {
  for (const { table, key } of present)
    if (isSavedTable(table) && !state.has(table, key)) transaction.delete(table, key);
  for (const { table, key, draft } of state.records()) {
    const stored: object | undefined = transaction.get(table, key);
    if (stored !== draft) transaction.put(table, draft);
  }
  const fact = (name: string): number => Number(transaction.get('system', name)?.value ?? 0);
  const missing = indexes.saved - indexes.now;
  if (missing > 0) transaction.put('system', { name: INDEX_BASE, value: fact(INDEX_BASE) + missing });
  transaction.put('system', { name: MARK_FLOOR, value: Math.max(indexes.now, indexes.saved) + 1 });
  transaction.put('system', { name: RESTORED, value: fact(RESTORED) + 1 });
}
