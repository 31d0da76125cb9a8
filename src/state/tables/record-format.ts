import { AppError, deepEqual } from '../../core/index.js';
import type { TableName } from '../../model/index.js';
import type { StoredRecord } from '../backend/index.js';
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
  'ca-roots': { version: 1, optional: ['rotatedOutAt'] },
  'ca-config': { version: 1, optional: ['intermediateTtlMs', 'given', 'started'] },
  refusals: { version: 1, optional: ['accepted'] },
};

/** Rows written by a newer version, with that version. Others are of our own. */
const newerVersions = new WeakMap<Row, number>();

/** Parses a stored record; `base` is added to its revisions. Throws AppError('corruptState') that names the record. */
export function decodeRecord(record: StoredRecord, base: number): Row {
  let key: string;
  let row: Row;
  try {
    const parsed = parseValue(record, record.createRevision + base, record.modRevision + base);
    row = parsed.row;
    if (parsed.version > 1 && parsed.version > formatOf(record.table).version) newerVersions.set(row, parsed.version);
    key = definitionOf(record.table).key(row);
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
  const newer = stored && newerVersions.get(stored);
  const fields = stored && newer !== undefined ? { ...unknownFields(table, stored, draft), ...draft } : draft;
  const text = JSON.stringify('modifyIndex' in fields ? withoutIndexes(fields) : fields);
  const comma = text === '{}' ? '' : ',';
  const row = parseRow(comma + text.slice(1), stored?.createIndex ?? index, index);
  if (newer !== undefined) newerVersions.set(row, newer);
  return { row, value: `{"v":${newer ?? formatOf(table).version}${comma}${text.slice(1)}` };
}

/** `writeRecord` for the mark of a range: a write of a large record leaves thousands, and nothing of them has to be copied deeply. */
export function writeMark(
  range: string,
  stored: Row | undefined,
  index: number,
): { readonly row: Row; readonly value: string } {
  const sequence = ((stored?.['sequence'] as number | undefined) ?? 0) + 1;
  if (stored && newerVersions.has(stored)) return writeRecord('marks', { range, sequence }, stored, index);
  const row: Row = { createIndex: stored?.createIndex ?? index, modifyIndex: index, range, sequence };
  return { row, value: `${USUAL_START}"range":${JSON.stringify(range)},"sequence":${sequence}}` };
}

/** The text that engines store for a row, as `writeRecord` makes it. */
export function encodeRow(table: TableName, row: Row): string {
  const text = JSON.stringify(withoutIndexes(row));
  const version = newerVersions.get(row) ?? formatOf(table).version;
  return `{"v":${version}${text === '{}' ? '' : ','}${text.slice(1)}`;
}

/**
 * The draft in a stored value that comes from elsewhere, to be written under `key`. Throws AppError('invalidArgument') when it is of a
 * newer version, or is not what its table needs.
 */
export function checkDraft(table: TableName, key: string, value: Readonly<Record<string, unknown>>): Row {
  const { v, ...draft } = value;
  const { version } = formatOf(table);
  if (typeof v === 'number' && v > version)
    throw new AppError(
      'invalidArgument',
      `a record of ${table} was written by a newer version (${v}, this one knows ${version}): use that version`,
    );
  const { key: keyOf, indexes } = definitionOf(table);
  try {
    const isOwn = keyOf(draft as Row) === key;
    for (const tuples of Object.values(indexes)) tuples(draft as Row);
    if (isOwn && typeof v === 'number') return draft as Row;
  } catch {
    // As bad as one under a wrong key.
  }
  throw new AppError('invalidArgument', `the snapshot is damaged: a record of ${table} is not what it must be`);
}

/** The row with other indexes: for a new index base. */
export function withIndexes(row: Row, createIndex: number, modifyIndex: number): Row {
  const shifted = { ...row, createIndex, modifyIndex };
  const newer = newerVersions.get(row);
  if (newer !== undefined) newerVersions.set(shifted, newer);
  return shifted;
}

/** Whether two rows hold the same data, whatever their revisions; a draft may be one of them. */
export function sameContent(left: object, right: object): boolean {
  if (left === right) return true;
  let fields = 0;
  for (const name in left) {
    if (name === 'createIndex' || name === 'modifyIndex') continue;
    if (!deepEqual((left as Row)[name], (right as Row)[name])) return false;
    fields += 1;
  }
  for (const name in right) if (name !== 'createIndex' && name !== 'modifyIndex') fields -= 1;
  return fields === 0;
}

/** Fields of a record of newer code that `draft` lacks and that this version does not know as optional. */
function unknownFields(table: TableName, stored: Row, draft: object): Record<string, unknown> {
  const unknown: Record<string, unknown> = { ...stored };
  for (const name of [...formatOf(table).optional, ...Object.keys(draft)]) delete unknown[name];
  return unknown;
}

function withoutIndexes(fields: object): object {
  const { createIndex: _created, modifyIndex: _modified, ...rest } = fields as Row;
  return rest;
}

function formatOf(table: TableName): TableFormat {
  return formats[table] ?? DEFAULT_FORMAT;
}

/** How almost every value begins; parsing what follows spares taking `v` out of the object. */
const USUAL_START = '{"v":1,';

/** A row out of what follows the first brace of its text. Made with its indexes, rows are smaller than if they got them later. */
function parseRow(rest: string, createIndex: number, modifyIndex: number): Row {
  const row = JSON.parse(`{"createIndex":0,"modifyIndex":0${rest}`) as Record<string, unknown>;
  row['createIndex'] = createIndex;
  row['modifyIndex'] = modifyIndex;
  return row as Row;
}

function parseValue({ value }: StoredRecord, createIndex: number, modifyIndex: number): { version: number; row: Row } {
  if (value.startsWith(USUAL_START))
    return { version: 1, row: parseRow(value.slice(USUAL_START.length - 1), createIndex, modifyIndex) };
  const parsed: unknown = JSON.parse(value);
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed))
    throw new Error('it is not a JSON object');
  const { v, ...fields } = parsed as Record<string, unknown>;
  return { version: typeof v === 'number' ? v : 0, row: { ...fields, createIndex, modifyIndex } };
}

/** The error for a stored record that cannot be used: not readable, or not what its table needs. */
export function unreadable(record: { readonly table: TableName; readonly key: string }, cause: unknown): AppError {
  const name = `${record.table}/${record.key.replaceAll('\u0000', '/')}`;
  return new AppError(
    'corruptState',
    `The stored record ${name} is not readable and is ignored: write it again, or restore a snapshot.`,
    { cause },
  );
}
