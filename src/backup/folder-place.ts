import { createReadStream } from 'node:fs';
import { mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError } from '../core/index.js';
import { backupTimeMs } from './backup-name.js';
import type { BackupFile, BackupPlace } from './backup-place.js';

/** A folder on this machine, made when it is not there; readable for its owner only. */
export function folderPlace(folder: string): BackupPlace {
  const made = async (): Promise<void> => void (await mkdir(folder, { recursive: true, mode: 0o700 }));
  return {
    shown: folder,
    scratchFolder: folder,
    list: () =>
      told(folder, async () => {
        await made();
        const files: BackupFile[] = [];
        for (const name of (await readdir(folder)).sort()) {
          const atMs = backupTimeMs(name);
          if (atMs !== undefined) files.push({ name, atMs, sizeBytes: (await stat(join(folder, name))).size });
        }
        return files;
      }),
    put: (name, { path }) =>
      told(folder, async () => {
        await made();
        await rename(path, join(folder, name));
        await syncFolder(folder);
      }),
    open: (name) =>
      told(folder, async () => {
        const path = join(folder, name);
        await stat(path);
        return createReadStream(path);
      }),
    remove: (name) => told(folder, () => rm(join(folder, name), { force: true })),
  };
}

/** The new name is only certain to survive a crash once its folder is on the disk. */
async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}

async function told<Result>(folder: string, run: () => Promise<Result>): Promise<Result> {
  try {
    return await run();
  } catch (thrown) {
    throw new AppError('unavailable', `the backup folder ${folder} cannot be used: ${(thrown as Error).message}`, {
      cause: thrown,
    });
  }
}
