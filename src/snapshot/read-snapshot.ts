import { createHash } from 'node:crypto';
import type { Readable } from 'node:stream';
import { createGunzip } from 'node:zlib';
import {
  META_FILE,
  SUMS_FILE,
  SnapshotError,
  type SnapshotMeta,
  type SnapshotRecord,
  parseMeta,
  parseRecord,
  recordsFile,
} from './format.js';
import { type TarFile, tarFiles } from './tar.js';

/** More than this is nobody's state, but perhaps an attack: a small file can unfold into a very large one. */
const LARGEST_STATE_BYTES = 16 * 1024 ** 3;

/** What was read of a whole and undamaged snapshot. */
export interface ReadSnapshot {
  readonly meta: SnapshotMeta;
  /** Bytes of all records, uncompressed. */
  readonly sizeBytes: number;
}

/**
 * Reads a snapshot to its end and hands out its records on the way, with the bytes that each takes. Only when it resolves are they
 * known to be all of them and undamaged. Throws SnapshotError with one sentence for anything that is not a whole snapshot of a
 * format we know, and whatever `onRecord` throws.
 */
export async function readSnapshot(
  source: Readable,
  onRecord: (record: SnapshotRecord, sizeBytes: number) => void,
): Promise<ReadSnapshot> {
  const files = tarFiles(unpacked(source));
  const sums: string[] = [];
  const noteSum = ({ name, body }: TarFile): void =>
    void sums.push(`${createHash('sha256').update(body).digest('hex')}  ${name}\n`);
  const counts = new Map<string, number>();
  let meta: SnapshotMeta | undefined;
  let sizeBytes = 0;
  let pieces = 0;
  let isComplete = false;
  for await (const file of files) {
    if (isComplete) throw new SnapshotError(`the snapshot is damaged: ${SUMS_FILE} is not its last file`);
    if (meta === undefined) {
      if (file.name !== META_FILE)
        throw new SnapshotError(`the file is not a snapshot: ${META_FILE} is not its first file`);
      meta = parseMeta(file.body.toString());
      noteSum(file);
    } else if (file.name === SUMS_FILE) {
      if (file.body.toString() !== sums.join(''))
        throw new SnapshotError('the snapshot is damaged: its checksums do not match its files');
      isComplete = true;
    } else {
      if (file.name !== recordsFile(pieces++))
        throw new SnapshotError('the snapshot is damaged: its files are not in order');
      noteSum(file);
      sizeBytes += file.body.length;
      if (sizeBytes > LARGEST_STATE_BYTES) throw new SnapshotError('the snapshot is too large to be one');
      for (const line of file.body.toString().split('\n')) {
        if (line === '') continue;
        const record = parseRecord(line);
        counts.set(record.table, (counts.get(record.table) ?? 0) + 1);
        onRecord(record, Buffer.byteLength(line) + 1);
      }
    }
  }
  if (meta === undefined || !isComplete) throw new SnapshotError('the snapshot is cut short: its end is missing');
  checkCounts(meta, counts);
  return { meta, sizeBytes };
}

function checkCounts({ counts }: SnapshotMeta, found: ReadonlyMap<string, number>): void {
  const tables = new Set([...Object.keys(counts), ...found.keys()]);
  for (const table of tables)
    if ((counts[table] ?? 0) !== (found.get(table) ?? 0))
      throw new SnapshotError(`the snapshot is damaged: it should hold ${counts[table] ?? 0} records of ${table}`);
}

/** The unpacked bytes; what is wrong with the packing is said as Consul says it. The source is left as it is, for its owner to close. */
async function* unpacked(source: Readable): AsyncGenerator<Buffer> {
  const gunzip = createGunzip();
  let isEmpty = true;
  const onData = (): void => {
    isEmpty = false;
  };
  const onError = (error: Error): void => void gunzip.destroy(error);
  const onClose = (): void => {
    if (!source.readableEnded) gunzip.destroy(new SnapshotError('the snapshot is cut short: its sender went away'));
  };
  source.once('data', onData).once('error', onError).once('close', onClose).pipe(gunzip);
  try {
    for await (const chunk of gunzip) yield chunk as Buffer;
  } catch (thrown) {
    throw thrown instanceof SnapshotError ? thrown : unpackable(packingProblem(thrown), thrown);
  } finally {
    source.unpipe(gunzip).off('data', onData).off('error', onError).off('close', onClose);
    gunzip.destroy();
  }
  if (isEmpty) throw unpackable('EOF: the file is empty');
}

const unpackable = (problem: string, cause?: unknown): SnapshotError =>
  new SnapshotError(`failed to decompress snapshot: ${problem}`, { cause });

function packingProblem(thrown: unknown): string {
  const { code = '', message } = thrown as NodeJS.ErrnoException;
  if (code === 'Z_BUF_ERROR') return 'unexpected EOF: the file is cut short';
  return code.startsWith('Z_') ? `unexpected EOF: the file is damaged or no snapshot (${message})` : message;
}
