import type { TableName } from '../../model/index.js';
import type { Condition, RangeCondition } from './backend.js';

/** What an engine must tell so that conditions can be checked. */
export interface RevisionReader {
  /** The modRevision under a key, 0 when there is no record. */
  modRevision(table: TableName, key: string): number;
  keys(table: TableName): Iterable<string>;
}

/** The first condition that does not hold, if any. */
export function failedCondition(
  conditions: readonly (Condition | RangeCondition)[],
  reader: RevisionReader,
): Condition | RangeCondition | undefined {
  return conditions.find((condition) =>
    'keyPrefix' in condition ? !holdsForRange(condition, reader) : !holdsForKey(condition, reader),
  );
}

function holdsForKey({ table, key, modRevision }: Condition, reader: RevisionReader): boolean {
  return reader.modRevision(table, key) === modRevision;
}

function holdsForRange({ table, keyPrefix, notAfter }: RangeCondition, reader: RevisionReader): boolean {
  for (const key of reader.keys(table))
    if (key.startsWith(keyPrefix) && reader.modRevision(table, key) > notAfter) return false;
  return true;
}
