import { createHash } from 'node:crypto';
import { nextTurn } from '../core/index.js';
import { TAR_END, tarFile } from '../core/tar.js';
import {
  FORMAT,
  META_FILE,
  PRODUCT,
  SUMS_FILE,
  type SnapshotContent,
  type SnapshotMeta,
  recordsFile,
} from './format.js';

/** Length of a file of records, about; one piece is made in one turn of the event loop. */
const PIECE_LENGTH = 64 * 1024;

/** A record as it is written: what its engine stores is text already. */
export interface WritableRecord {
  readonly table: string;
  readonly key: string;
  readonly createIndex: number;
  readonly modifyIndex: number;
  /** JSON of an object. */
  readonly value: string;
}

/** The bytes of a snapshot before compression, piece by piece; others get their turn between pieces. */
export async function* snapshotBytes(
  content: SnapshotContent,
  records: Iterable<WritableRecord>,
): AsyncGenerator<Buffer, void> {
  const sums: string[] = [];
  const file = (name: string, text: string): Buffer => {
    const body = Buffer.from(text);
    sums.push(`${createHash('sha256').update(body).digest('hex')}  ${name}\n`);
    return tarFile(name, body);
  };
  const meta: SnapshotMeta = {
    product: PRODUCT,
    version: FORMAT,
    id: `${content.index}-${Date.parse(content.createdAt)}`,
    ...content,
  };
  yield file(META_FILE, `${JSON.stringify(meta)}\n`);
  let files = 0;
  for (const piece of pieces(records)) {
    yield file(recordsFile(files++), piece);
    await nextTurn();
  }
  yield file(SUMS_FILE, sums.join(''));
  yield TAR_END;
}

function* pieces(records: Iterable<WritableRecord>): Generator<string> {
  let piece = '';
  for (const { table, key, createIndex, modifyIndex, value } of records) {
    piece += `[${JSON.stringify(table)},${JSON.stringify(key)},${createIndex},${modifyIndex},${value}]\n`;
    if (piece.length < PIECE_LENGTH) continue;
    yield piece;
    piece = '';
  }
  if (piece !== '') yield piece;
}
