import type { Clock } from '../../../core/index.js';
import type { StoredRecord } from '../backend.js';
import type { ChainPoint } from './chain.js';
import { convertLevelStore, removeOld } from './convert.js';
import { type DataDirectory, openDataDirectory } from './data-directory.js';
import { type DataLock, lockFolder } from './data-lock.js';
import type { Disk } from './disk.js';
import { cannotOpen } from './errors.js';
import { Ledger } from './ledger.js';
import { loadStore } from './load.js';
import { LogFile } from './log-file.js';
import { StoreSnapshots } from './snapshots.js';
import { findFiles } from './store-files.js';
import { Witness } from './witness.js';

const OLD_FORMAT = 1;

/** What exists while the engine is open. */
export interface OpenedStore {
  readonly directory: DataDirectory;
  readonly lock: DataLock;
  readonly witness: Witness;
  readonly ledger: Ledger;
  readonly snapshots: StoreSnapshots;
  readonly records: readonly StoredRecord[];
  readonly log: LogFile;
  readonly durable: ChainPoint;
}

/**
 * Opens the store in a folder, or makes one; an older layout is converted. Throws AppError('corruptState') for foreign, damaged or
 * newer data, AppError('unavailable') when it cannot be read or written, or belongs to another process.
 */
export async function openStore(path: string, disk: Disk, clock: Clock, minimumLogBytes: number): Promise<OpenedStore> {
  const directory = await openDataDirectory(path);
  const lock = await lockFolder(directory.lock).catch((thrown: unknown) => {
    throw cannotOpen(path, thrown);
  });
  try {
    if (directory.format === OLD_FORMAT) await convertLevelStore(directory, disk);
    await removeOld(directory);
    return { directory, lock, ...(await openFiles(directory, disk, clock, minimumLogBytes)) };
  } catch (thrown) {
    await lock.release();
    throw cannotOpen(path, thrown);
  }
}

async function openFiles(directory: DataDirectory, disk: Disk, clock: Clock, minimumLogBytes: number) {
  const { path: folder } = directory;
  const newest = Witness.readFile(directory.witness);
  const loaded = await loadStore({ disk, folder, files: await findFiles(folder), newest });
  const { tip } = loaded;
  for (const file of loaded.leftOver) await disk.remove(file);
  const last = loaded.logs.at(-1);
  const log = last ? await LogFile.open(disk, last, last.end) : await LogFile.create(disk, folder, tip);
  try {
    const witness = new Witness(directory.witness, clock);
    witness.write(tip);
    const { ledger, listed } = Ledger.of(tip.revision, loaded.records);
    const files = { snapshot: loaded.snapshot, finished: loaded.logs.slice(0, -1) };
    const snapshots = new StoreSnapshots({ disk, folder, ledger, clock, minimumLogBytes }, files);
    return { witness, ledger, snapshots, records: listed, log, durable: tip };
  } catch (thrown) {
    await log.close();
    throw thrown;
  }
}
