import { isAscii } from 'node:buffer';
import { type TableName, tableDefinitions } from '../../../model/index.js';
import type { BackendCommit, StoredRecord } from '../backend.js';
import { FRAME_KINDS, type FrameWriter } from './frame.js';

/** What a file is. */
export type FileKind = 'log' | 'snapshot';

/** The content of a start frame: the file continues the chain from this point. */
export interface FileStart {
  readonly kind: FileKind;
  readonly revision: number;
  readonly hash: string;
}

const NO_HASH = '0'.repeat(32);
const FILE_KINDS: readonly FileKind[] = ['log', 'snapshot'];
const [DELETED, PUT] = [0, 1];
/** So that all records of a table share its name; tables of newer code keep theirs. */
const NAMES: ReadonlyMap<string, TableName> = new Map(
  (Object.keys(tableDefinitions) as TableName[]).map((name) => [name, name]),
);

/** Writes the start frame of a file. */
export function writeStart(writer: FrameWriter, { kind, revision, hash }: FileStart): void {
  writer.begin(FRAME_KINDS.start, NO_HASH);
  writer.byte(FILE_KINDS.indexOf(kind));
  writer.number(revision);
  writer.text(hash);
}

/** Reads a start frame's content; undefined when it is none. */
export function readStart(content: Buffer): FileStart | undefined {
  const reader = new ContentReader(content);
  const kind = FILE_KINDS[reader.byte()];
  return kind && { kind, revision: reader.number(), hash: reader.text() };
}

/** Writes commits that become durable together, and how many records there are after them. */
export function writeCommits(writer: FrameWriter, commits: readonly BackendCommit[], records: number): void {
  writer.number(records);
  for (const { revision, changes } of commits) {
    writer.number(revision);
    writer.number(changes.length);
    for (const change of changes) {
      if ('deleted' in change) {
        writer.byte(DELETED);
        writer.text(change.table);
        writer.text(change.key);
      } else writePut(writer, change);
    }
  }
}

/** Writes one record as it is in a commit or a snapshot. */
export function writePut(writer: FrameWriter, record: StoredRecord): void {
  writer.byte(PUT);
  writer.text(record.table);
  writer.text(record.key);
  writer.number(record.createRevision);
  writer.number(record.modRevision);
  writer.text(record.value);
}

/**
 * A record whose value stays in the bytes that it was read from until it is asked for: texts of all values at once, each of which is
 * needed once, would be copied about by the garbage collector.
 */
class ReadRecord implements StoredRecord {
  readonly table: TableName;
  readonly key: string;
  readonly createRevision: number;
  readonly modRevision: number;
  readonly #reader: ContentReader;
  readonly #from: number;
  readonly #to: number;

  constructor(record: Omit<StoredRecord, 'value'>, reader: ContentReader, from: number, to: number) {
    this.table = record.table;
    this.key = record.key;
    this.createRevision = record.createRevision;
    this.modRevision = record.modRevision;
    this.#reader = reader;
    this.#from = from;
    this.#to = to;
  }

  get value(): string {
    return this.#reader.textBetween(this.#from, this.#to);
  }
}

/** Reads what the functions above wrote. Past the end it throws a RangeError. */
export class ContentReader {
  readonly #content: Buffer;
  readonly #isAscii: boolean;
  #at = 0;

  constructor(content: Buffer) {
    this.#content = content;
    this.#isAscii = isAscii(content);
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#content.length;
  }

  byte(): number {
    const value = this.#content.readUInt8(this.#at);
    this.#at += 1;
    return value;
  }

  number(): number {
    const value = this.#content.readUIntLE(this.#at, 6);
    this.#at += 6;
    return value;
  }

  text(): string {
    const length = this.#content.readUInt32LE(this.#at);
    const from = this.#at + 4;
    this.#at = from + length;
    return this.textBetween(from, this.#at);
  }

  textBetween(from: number, to: number): string {
    return this.#content.toString(this.#isAscii ? 'latin1' : 'utf8', from, to);
  }

  /** One change as it is in a commit or a snapshot. A record keeps the content. */
  change(): BackendCommit['changes'][number] {
    const wasPut = this.byte() === PUT;
    const table = this.#table();
    const key = this.text();
    if (!wasPut) return { table, key, deleted: true };
    const [createRevision, modRevision] = [this.number(), this.number()];
    const from = this.#at + 4;
    this.#at = from + this.#content.readUInt32LE(this.#at);
    return new ReadRecord({ table, key, createRevision, modRevision }, this, from, this.#at);
  }

  /** Where one change is, and of what record, without its value. */
  changePlace(): {
    readonly table: TableName;
    readonly key: string;
    readonly modRevision: number | undefined;
    readonly from: number;
    readonly to: number;
  } {
    const from = this.#at;
    const wasPut = this.byte() === PUT;
    const table = this.#table();
    const key = this.text();
    if (!wasPut) return { table, key, modRevision: undefined, from, to: this.#at };
    this.number();
    const modRevision = this.number();
    const length = this.#content.readUInt32LE(this.#at);
    this.#at += 4 + length;
    return { table, key, modRevision, from, to: this.#at };
  }

  #table(): TableName {
    const name = this.text();
    return NAMES.get(name) ?? (name as TableName);
  }
}
