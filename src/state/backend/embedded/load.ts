import type { ChainPoint } from './chain.js';
import type { Disk } from './disk.js';
import { damaged } from './errors.js';
import { FrameFile } from './frame-file.js';
import { LoadingState, type NewestKnown, type RecordsByTable } from './loading-state.js';
import { type NumberedFile, type StoreFiles, logPath } from './store-files.js';

const CHUNK_BYTES = 4 << 20;

/** A file that was read. */
export interface LoadedFile extends NumberedFile {
  /** Where its last whole frame ends. What follows in the last log was never acknowledged. */
  readonly end: number;
}

/** A store as its files tell it. */
export interface LoadedStore {
  readonly tip: ChainPoint;
  readonly records: RecordsByTable;
  readonly snapshot: LoadedFile | undefined;
  /** All from the snapshot on; the last is the one to go on with. Empty = nothing was ever written. */
  readonly logs: readonly LoadedFile[];
  /** Older than the snapshot, or never finished: of no use. */
  readonly leftOver: readonly string[];
}

export interface LoadOptions {
  readonly disk: Disk;
  readonly folder: string;
  readonly files: StoreFiles;
  readonly newest: NewestKnown;
  /** Where the last log ends for this reader; without it, at its end. */
  readonly end?: number;
}

/**
 * Reads everything and checks it: each frame by its hash, all of them by the chain of hashes, the end by the newest durable commit
 * that is known. Throws AppError('corruptState') that names the file and what is wrong; changes nothing.
 */
export async function loadStore(options: LoadOptions): Promise<LoadedStore> {
  const { folder, files, newest } = options;
  const state = new LoadingState();
  const newestSnapshot = files.snapshots.at(-1);
  const snapshot = newestSnapshot && (await loadSnapshot(options, state, newestSnapshot));
  const first = state.tip.revision + 1;
  const wanted = files.logs.filter(({ revision }) => revision >= first);
  const wasWritten = snapshot || files.logs.length > 0 || (typeof newest === 'object' && newest.revision >= first);
  if (wanted[0]?.revision !== first && wasWritten) throw damaged(logPath(folder, first), new Error('it is missing'));
  const logs: LoadedFile[] = [];
  for (const log of wanted) logs.push(await loadLog(options, state, log, log === wanted.at(-1)));
  try {
    state.checkNewest(newest, snapshot?.revision ?? 0);
  } catch (thrown) {
    throw damaged(logs.at(-1)?.path ?? logPath(folder, first), thrown);
  }
  const older = [...files.snapshots.slice(0, -1), ...files.logs.filter((log) => !wanted.includes(log))];
  return {
    tip: state.tip,
    records: state.records,
    snapshot,
    logs,
    leftOver: [...files.unfinished, ...older.map(({ path }) => path)],
  };
}

async function loadSnapshot({ disk }: LoadOptions, state: LoadingState, file: NumberedFile): Promise<LoadedFile> {
  const end = await reading(disk, file.path, Number.POSITIVE_INFINITY, (frames) =>
    state.readSnapshot(frames, file.revision),
  );
  return { ...file, end };
}

async function loadLog(
  { disk, newest, end: stopAt = Number.POSITIVE_INFINITY }: LoadOptions,
  state: LoadingState,
  file: NumberedFile,
  isLast: boolean,
): Promise<LoadedFile> {
  const to = isLast ? stopAt : Number.POSITIVE_INFINITY;
  const end = await reading(disk, file.path, to, (frames) => state.readLog(frames, isLast, newest));
  return { ...file, end };
}

/** Opens a file, reads it, and tells of any damage with its name. */
async function reading(
  disk: Disk,
  path: string,
  to: number,
  read: (frames: FrameFile) => Promise<number>,
): Promise<number> {
  const file = await disk.open(path, false);
  try {
    return await read(new FrameFile(file, Math.min(to, await file.size()), CHUNK_BYTES));
  } catch (thrown) {
    throw damaged(path, thrown);
  } finally {
    await file.close();
  }
}
