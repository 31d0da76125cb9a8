import type { TableName } from '../../model/index.js';
import { type Database, type Row, definitionOf, encodeRow, tableNames } from '../tables/index.js';

/**
 * Tables that tell about this store or about what is connected to it, not about what users want: they are in no snapshot and stay
 * as they are on restore. Every other table is in, whoever owns it.
 */
const OWN_TABLES: ReadonlySet<TableName> = new Set(['marks', 'system', 'guards', 'refusals', 'revocations']);

/** Whether the records of a table are saved and restored. */
export const isSavedTable = (table: string): table is TableName =>
  (tableNames as readonly string[]).includes(table) && !OWN_TABLES.has(table as TableName);

/** A record as it is saved. */
export interface SavedRecord {
  readonly table: TableName;
  readonly key: string;
  readonly createIndex: number;
  readonly modifyIndex: number;
  /** The text that engines store. */
  readonly value: string;
}

/** The state at one revision, however much is written while it is read. */
export interface StateCapture {
  readonly index: number;
  /** How many records there are, by table. */
  readonly counts: Readonly<Record<string, number>>;
  /** The records, each made when it is asked for. */
  records(): Iterable<SavedRecord>;
}

/** Takes hold of all rows: they never change, so that only the lists of them are copied. */
export function captureState(database: Database, index: number): StateCapture {
  const tables = tableNames
    .filter(isSavedTable)
    .map((name) => [name, [...database.table(name).rows()]] as const)
    .filter(([, rows]) => rows.length > 0);
  return {
    index,
    counts: Object.fromEntries(tables.map(([name, rows]) => [name, rows.length])),
    records: () => savedRecords(tables),
  };
}

function* savedRecords(tables: readonly (readonly [TableName, readonly Row[]])[]): Generator<SavedRecord> {
  for (const [table, rows] of tables) {
    const { key } = definitionOf(table);
    for (const row of rows)
      yield {
        table,
        key: key(row),
        createIndex: row.createIndex,
        modifyIndex: row.modifyIndex,
        value: encodeRow(table, row),
      };
  }
}
