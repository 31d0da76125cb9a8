import { rm, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { openLevelDatabase } from './level-format/level-database.js';

/** Held until it is let go of, or the process ends in whatever way. */
export interface DataLock {
  release(): Promise<void>;
}

const LOCK_FILE = 'LOCK';

/**
 * Takes a folder for this process alone. Node has no locks of its own that end with the process: an empty LevelDB database, whose
 * lock is the operating system's, stands in. Rejects with code LEVEL_LOCKED when another process has it.
 */
export async function lockFolder(path: string): Promise<DataLock> {
  const database = await openLevelDatabase(path, true).catch(async (thrown: unknown) => {
    if ((thrown as { readonly code?: unknown }).code === 'LEVEL_LOCKED') throw thrown;
    // Nothing is in it, so that damage of it needs nothing but new files.
    for (const name of await readdir(path)) if (name !== LOCK_FILE) await rm(join(path, name), { recursive: true });
    return openLevelDatabase(path, true);
  });
  return { release: () => database.close() };
}
