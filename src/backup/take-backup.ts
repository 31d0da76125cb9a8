import { createHash, randomUUID } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { AppError } from '../core/index.js';
import { type ReadSnapshot, readSnapshot, type SnapshotMeta } from '../snapshot/index.js';
import type { BackupFile, BackupPlace, FinishedFile } from './backup-place.js';

/** The file is readable by its owner only: it holds every secret of the state. */
const MODE = 0o600;

/** A backup that lies in its place, whole. */
export interface TakenBackup {
  readonly name: string;
  readonly meta: SnapshotMeta;
  readonly sizeBytes: number;
  /** Names of older ones that were removed. */
  readonly removed: readonly string[];
  /** Why older ones could not be removed; the backup is good all the same. */
  readonly removalProblem?: string;
}

export interface BackupWish {
  readonly place: BackupPlace;
  /** Its name in the place. */
  readonly name: string;
  /** How many are kept, this one among them; 0 = all. */
  readonly retain: number;
  /** The bytes of a snapshot, from a server. */
  readonly source: () => Promise<AsyncIterable<Uint8Array>>;
}

/**
 * Takes one backup: the snapshot is written beside, read to its end and checked, put under its name, read back from there and
 * compared by its hash; only then older ones go. The one just taken never goes, nor does anything when something went wrong.
 * Throws AppError, SnapshotError or what the source throws.
 */
export async function takeBackup({ place, name, retain, source }: BackupWish): Promise<TakenBackup> {
  const scratch = join(place.scratchFolder, `.${name}.${randomUUID()}.unfinished`);
  try {
    await removeLeftovers(place.scratchFolder);
    const file = await writeScratch(scratch, place.scratchFolder, source);
    const { meta } = await verified(scratch);
    await place.put(name, file);
    await compare(place, name, file);
    return { name, meta, sizeBytes: file.sizeBytes, ...(await removeOld(place, name, retain)) };
  } finally {
    await rm(scratch, { force: true }).catch(() => undefined);
  }
}

async function writeScratch(path: string, folder: string, source: BackupWish['source']): Promise<FinishedFile> {
  const bytes = await source();
  const hashing = new Hashing();
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await pipeline(bytes, hashing, createWriteStream(path, { mode: MODE, flags: 'wx', flush: true }));
  } catch (thrown) {
    if (thrown instanceof Error && 'syscall' in thrown && 'path' in thrown)
      throw new AppError('unavailable', `the backup cannot be written to ${folder}: ${thrown.message}`, {
        cause: thrown,
      });
    throw thrown;
  }
  return { path, ...hashing.result() };
}

const LEFTOVER = /^\.meshwright-.*\.unfinished$/;
const LEFTOVER_AGE_MS = 24 * 3_600_000;

/** What processes that were killed left behind; nobody writes to a file of yesterday any more. */
async function removeLeftovers(folder: string): Promise<void> {
  for (const name of await readdir(folder).catch(() => []))
    if (LEFTOVER.test(name)) {
      const path = join(folder, name);
      const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: Number.POSITIVE_INFINITY }));
      if (mtimeMs < Date.now() - LEFTOVER_AGE_MS) await rm(path, { force: true });
    }
}

/** Reads a file to its end as a snapshot. Throws SnapshotError when it is none. */
async function verified(path: string): Promise<ReadSnapshot> {
  const stream = createReadStream(path);
  try {
    return await readSnapshot(stream, () => undefined);
  } finally {
    stream.destroy();
  }
}

/** What lies there now is what was sent; if not, it is taken away again, so that nobody takes it for a backup. */
async function compare(place: BackupPlace, name: string, sent: FinishedFile): Promise<void> {
  const hash = createHash('sha256');
  let sizeBytes = 0;
  const stored = await place.open(name);
  try {
    for await (const piece of stored as AsyncIterable<Buffer>) {
      hash.update(piece);
      sizeBytes += piece.length;
    }
  } catch (thrown) {
    throw new AppError('unavailable', `${name} could not be read back from ${place.shown}: ${messageOf(thrown)}`, {
      cause: thrown,
    });
  }
  if (hash.digest('hex') === sent.sha256) return;
  await place.remove(name).catch(() => undefined);
  throw new AppError(
    'unavailable',
    `what ${place.shown} holds as ${name} is not what was written (${sizeBytes} bytes, not ${sent.sizeBytes}, or others): it was removed; look at that store`,
  );
}

const messageOf = (thrown: unknown): string => (thrown instanceof Error ? thrown.message : String(thrown));

async function removeOld(
  place: BackupPlace,
  taken: string,
  retain: number,
): Promise<Pick<TakenBackup, 'removed' | 'removalProblem'>> {
  const removed: string[] = [];
  if (retain === 0) return { removed };
  try {
    for (const { name } of superfluous(await place.list(), taken, retain)) {
      await place.remove(name);
      removed.push(name);
    }
    return { removed };
  } catch (thrown) {
    return { removed, removalProblem: AppError.from(thrown).message };
  }
}

/**
 * The backups that go: the oldest beyond `retain`. The one just taken stays, also when the clock went back and others seem to be
 * newer. So does the last one that is more than twice as large as all that are kept: a server that was started anew with an empty
 * state must not push out, in time, what its operator will need then.
 */
export function superfluous(listed: readonly BackupFile[], taken: string, retain: number): readonly BackupFile[] {
  const others = listed.filter(({ name }) => name !== taken).sort((a, b) => a.atMs - b.atMs);
  const beyond = Math.max(0, others.length - (retain - 1));
  const largestKeptBytes = Math.max(
    ...listed.filter(({ name }) => name === taken).map(({ sizeBytes }) => sizeBytes),
    ...others.slice(beyond).map(({ sizeBytes }) => sizeBytes),
    0,
  );
  const gone = others.slice(0, beyond);
  const lastLarge = gone.findLast(({ sizeBytes }) => sizeBytes > 2 * largestKeptBytes);
  return gone.filter((one) => one !== lastLarge);
}

/** Passes bytes on and hashes them. */
class Hashing extends Transform {
  readonly #hash = createHash('sha256');
  #sizeBytes = 0;

  override _transform(piece: Buffer, _encoding: string, done: (error: null, piece: Buffer) => void): void {
    this.#hash.update(piece);
    this.#sizeBytes += piece.length;
    done(null, piece);
  }

  result(): { readonly sizeBytes: number; readonly sha256: string } {
    return { sizeBytes: this.#sizeBytes, sha256: this.#hash.digest('hex') };
  }
}
