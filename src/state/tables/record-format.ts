import { AppError, deepEqual } from '../../core/index.js';
import type { TableName } from '../../model/index.js';
import type { StoredRecord } from '../backend/backend.js';
import { type Row, definitionOf } from './row.js';

/**
 * Stored values are the record's JSON plus `v`, the version of its table's schema. A record written by newer code keeps
 * its version and the fields this code does not know, also when this code writes it anew (rolling upgrade, and back).
 */
interface TableFormat {
  readonly version: number;
  /** Fields this version knows and may leave out; any other missing field of a newer record is unknown and kept. */
  readonly optional: readonly string[];
}

const DEFAULT_FORMAT: TableFormat = { version: 1, optional: [] };

const formats: Partial<Record<TableName, TableFormat>> = {
  nodes: { version: 1, optional: ['locality'] },
  services: { version: 1, optional: ['proxy', 'locality'] },
  refusals: { version: 1, optional: ['accepted'] },
};

/** Rows written by a newer version, with that version. Others are of our own. */
const newerVersions = new WeakMap<Row, number>();

/** Parses a stored record; `base` is added to its revisions. Throws AppError('corruptState') that names the record. */
export function decodeRecord(record: StoredRecord, base: number): Row {
  const { v, ...fields } = parseObject(record);
  const row = { ...fields, createIndex: record.createRevision + base, modifyIndex: record.modRevision + base } as Row;
  if (typeof v === 'number' && v > formatOf(record.table).version) newerVersions.set(row, v);
  let key: string;
  try {
    key = definitionOf(record.table).key(row);
    for (const tuples of Object.values(definitionOf(record.table).indexes)) tuples(row);
  } catch (cause) {
    throw unreadable(record, cause);
  }
  if (key !== record.key) throw unreadable(record, new Error('the record does not belong under its key'));
  return row;
}

/**
 * The row that results from writing `draft` over `stored`, and the text to store: unknown fields of a newer record stay,
 * revisions are `index`. The row shares nothing with the draft.
 */
export function writeRecord(
  table: TableName,
  draft: object,
  stored: Row | undefined,
  index: number,
): { readonly row: Row; readonly value: string } {
  const { createIndex: _created, modifyIndex: _modified, ...fields } = draft as Row;
  const newer = stored && newerVersions.get(stored);
  const unknown = stored && newer !== undefined ? unknownFields(table, stored, fields) : undefined;
  const value = JSON.stringify({ v: newer ?? formatOf(table).version, ...unknown, ...fields });
  const { v: _version, ...data } = JSON.parse(value) as Record<string, unknown>;
  const row = { ...data, createIndex: stored?.createIndex ?? index, modifyIndex: index } as Row;
  if (newer !== undefined) newerVersions.set(row, newer);
  return { row, value };
}

/** The row with other indexes: for a new index base. */
export function withIndexes(row: Row, createIndex: number, modifyIndex: number): Row {
  const shifted = { ...row, createIndex, modifyIndex };
  const newer = newerVersions.get(row);
  if (newer !== undefined) newerVersions.set(shifted, newer);
  return shifted;
}

/** Whether two rows hold the same data, whatever their revisions. */
export function sameContent(left: Row, right: Row): boolean {
  if (left === right) return true;
  return deepEqual({ ...left, createIndex: 0, modifyIndex: 0 }, { ...right, createIndex: 0, modifyIndex: 0 });
}

/** Fields of a record of newer code that `fields` lacks and that this version does not know as optional. */
function unknownFields(table: TableName, stored: Row, fields: object): Record<string, unknown> {
  const { createIndex: _created, modifyIndex: _modified, ...unknown } = stored as Record<string, unknown>;
  for (const name of [...formatOf(table).optional, ...Object.keys(fields)]) delete unknown[name];
  return unknown;
}

function formatOf(table: TableName): TableFormat {
  return formats[table] ?? DEFAULT_FORMAT;
}

function parseObject(record: StoredRecord): Record<string, unknown> {
  try {
    const parsed: unknown = JSON.parse(record.value);
    if (typeof parsed === 'object' && parsed !== null && !Array.isArray(parsed))
      return parsed as Record<string, unknown>;
  } catch (cause) {
    throw unreadable(record, cause);
  }
  throw unreadable(record, new Error('the record is not a JSON object'));
}

function unreadable(record: StoredRecord, cause: unknown): AppError {
  const name = `${record.table}/${record.key.replaceAll('\u0000', '/')}`;
  return new AppError(
    'corruptState',
    `The stored record ${name} is not readable and is ignored: write it again, or restore a snapshot.`,
    { cause },
  );
}
