import { AppError } from '../core/index.js';

export const PRODUCT = 'meshwright';
/** The version of this format. Older readers refuse newer files. */
export const FORMAT = 1;

export const META_FILE = 'meta.json';
export const SUMS_FILE = 'SHA256SUMS';
export const recordsFile = (number: number): string => `records/${String(number).padStart(8, '0')}.jsonl`;

/** What is known of a state before its records are written. */
export interface SnapshotContent {
  /** The index of the state. */
  readonly index: number;
  /** How many records there are, by table. */
  readonly counts: Readonly<Record<string, number>>;
  readonly node: string;
  readonly datacenter: string;
  /** RFC 3339. */
  readonly createdAt: string;
}

/** `meta.json`. */
export interface SnapshotMeta extends SnapshotContent {
  readonly product: typeof PRODUCT;
  readonly version: number;
  /** `<index>-<milliseconds since the epoch>`. */
  readonly id: string;
}

/** One record, with its value as the engine stores it. */
export interface SnapshotRecord {
  readonly table: string;
  readonly key: string;
  readonly createIndex: number;
  readonly modifyIndex: number;
  readonly value: Readonly<Record<string, unknown>>;
}

/** A file that cannot be used as a snapshot; the message is one sentence that says why. */
export class SnapshotError extends AppError {
  constructor(problem: string, options?: { cause?: unknown }) {
    super('invalidArgument', problem, options);
  }
}

/** Reads `meta.json`; refuses what is foreign or newer. */
export function parseMeta(text: string): SnapshotMeta {
  const meta = parsed(text);
  if (meta['product'] !== PRODUCT)
    throw new SnapshotError(
      'this is a snapshot of another program: only snapshots of Meshwright can be read, data of others is taken over through their API',
    );
  const { version, id, index, counts, node, datacenter, createdAt } = meta;
  if (typeof version === 'number' && version > FORMAT)
    throw new SnapshotError(
      `the snapshot was written by a newer version (format ${version}, this one knows ${FORMAT}): use that version`,
    );
  const isWhole =
    version === FORMAT &&
    typeof id === 'string' &&
    isIndex(index) &&
    typeof counts === 'object' &&
    counts !== null &&
    Object.values(counts).every(isIndex) &&
    [node, datacenter, createdAt].every((value) => typeof value === 'string');
  if (!isWhole) throw new SnapshotError(`the snapshot is damaged: ${META_FILE} lacks what it must have`);
  return meta as unknown as SnapshotMeta;
}

/** Reads one line of a file of records. */
export function parseRecord(line: string): SnapshotRecord {
  let parts: unknown;
  try {
    parts = JSON.parse(line);
  } catch (cause) {
    throw new SnapshotError('the snapshot is damaged: a record is not JSON', { cause });
  }
  const [table, key, createIndex, modifyIndex, value] = Array.isArray(parts) ? (parts as unknown[]) : [];
  const isWhole =
    typeof table === 'string' &&
    typeof key === 'string' &&
    isIndex(createIndex) &&
    isIndex(modifyIndex) &&
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value);
  if (!isWhole) throw new SnapshotError('the snapshot is damaged: a record lacks what it must have');
  return { table, key, createIndex, modifyIndex, value: value as Readonly<Record<string, unknown>> };
}

function parsed(text: string): Readonly<Record<string, unknown>> {
  let meta: unknown;
  try {
    meta = JSON.parse(text);
  } catch (cause) {
    throw new SnapshotError(`the snapshot is damaged: ${META_FILE} is not JSON`, { cause });
  }
  return typeof meta === 'object' && meta !== null ? (meta as Record<string, unknown>) : {};
}

const isIndex = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;
