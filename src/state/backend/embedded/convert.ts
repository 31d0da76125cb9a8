import { existsSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { sha256Hex } from '../../../core/index.js';
import { type DataDirectory, writeMarker } from './data-directory.js';
import type { Disk } from './disk.js';
import { cannotOpen, damaged } from './errors.js';
import { openLevelDatabase } from './level-format/level-database.js';
import { readLevelStore } from './level-format/read-level-store.js';
import { LogFile } from './log-file.js';
import { SnapshotWriter } from './snapshot-file.js';
import { findFiles } from './store-files.js';
import { Witness } from './witness.js';

/**
 * Makes the files of today out of a data directory of format 1, which kept its records in LevelDB. The old ones stay until the new
 * ones are whole and on the disk; a conversion that was cut off begins anew. Throws AppError('corruptState') when they are damaged.
 */
export async function convertLevelStore(directory: DataDirectory, disk: Disk): Promise<void> {
  const { path, oldDatabase, oldWitness } = directory;
  const newest = Witness.readFile(oldWitness);
  const known = newest === 'unreadable' ? undefined : newest;
  const isEmpty = !existsSync(oldDatabase) && (known?.revision ?? 1) <= 1;
  const stored = isEmpty ? { revision: 1, records: [] } : await readOld(directory, known);
  await removeUnfinished(path, disk);
  if (stored.revision > 1) {
    const point = {
      revision: stored.revision,
      hash: sha256Hex(`format 1, commit ${stored.revision} ${known?.hash}`, 32),
    };
    const log = await LogFile.create(disk, path, point);
    await log.close();
    const snapshot = await SnapshotWriter.create(disk, path, point);
    for (const record of stored.records) await snapshot.put(record);
    await snapshot.finish();
  }
  await writeMarker(path);
  await removeOld(directory);
}

/** Removes what a conversion that is done has left behind. */
export async function removeOld({ oldDatabase, oldWitness }: DataDirectory): Promise<void> {
  await rm(oldDatabase, { recursive: true, force: true });
  await rm(oldWitness, { force: true });
}

async function readOld({ path, oldDatabase }: DataDirectory, known: Parameters<typeof readLevelStore>[1]) {
  const database = await openLevelDatabase(oldDatabase, false).catch((thrown: unknown) => {
    if (/Corruption|does not exist/.test((thrown as Error).message)) throw damaged(oldDatabase, thrown);
    throw cannotOpen(path, thrown);
  });
  try {
    return await readLevelStore(database, known);
  } catch (thrown) {
    throw damaged(oldDatabase, thrown);
  } finally {
    await database.close();
  }
}

async function removeUnfinished(path: string, disk: Disk): Promise<void> {
  const { snapshots, logs, unfinished } = await findFiles(path);
  for (const file of [...unfinished, ...[...snapshots, ...logs].map((one) => one.path)]) await disk.remove(file);
}
