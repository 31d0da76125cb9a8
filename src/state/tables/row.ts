import { deepEqual, tupleKey } from '../../core/index.js';
import { type Revisions, type TableDefinition, type TableName, tableDefinitions } from '../../model/index.js';

/** A stored record as this room handles it: any table's, with its revisions as indexes. */
export type Row = Revisions & Readonly<Record<string, unknown>>;

/** Plain reads of one state: the applied one, or an overlay over another. */
export interface StateReader {
  get(table: TableName, key: string): Row | undefined;
  /** Rows of a range, or the first of them, ordered by primary key. The array is the caller's own or never changes again. */
  range(table: TableName, index: string, prefix: readonly string[], limit?: number): readonly Row[];
}

/** The definition of a table with its row type forgotten. */
export function definitionOf(table: TableName): TableDefinition<Row> {
  return tableDefinitions[table] as unknown as TableDefinition<Row>;
}

/** Whether a record that becomes another stays where it is in every index, as far as that shows without looking for its tuples. */
export function staysInPlace({ placedBy }: TableDefinition<Row>, before: Row, after: Row): boolean {
  if (placedBy === undefined) return false;
  for (const field of placedBy) if (!deepEqual(before[field], after[field])) return false;
  return true;
}

/** The text that stands for a range: of the keys' own text where the index is ordered by it, else of its tuples. */
export function rangeText({ byteOrdered }: TableDefinition<Row>, index: string, prefix: readonly string[]): string {
  return index === byteOrdered ? (prefix[0] ?? '') : tupleKey(...prefix);
}

/** All table names, in the order of their definition. */
export const tableNames = Object.keys(tableDefinitions) as TableName[];
