import { existsSync, mkdirSync, mkdtempSync, renameSync, rmSync, statSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

/**
 * Makes a file or a folder once for all test processes, several of which may want it at a time. `make` works in a folder of its
 * own and answers the path of what it made there, which then moves to `path`. Throws what `make` throws, and when another
 * process takes longer than `waitMs` for it.
 */
export function makeOnce(path: string, waitMs: number, make: (folder: string) => string): void {
  if (existsSync(path)) return;
  const parent = dirname(path);
  mkdirSync(parent, { recursive: true });
  const lock = `${path}.lock`;
  if (!takeLock(lock, path, waitMs)) return;
  try {
    const folder = mkdtempSync(join(parent, `.${basename(path)}-`));
    try {
      renameSync(make(folder), path);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  } finally {
    rmSync(lock, { recursive: true, force: true });
  }
}

/** False when another process has made it meanwhile. */
function takeLock(lock: string, path: string, waitMs: number): boolean {
  const until = Date.now() + waitMs;
  for (;;) {
    try {
      mkdirSync(lock);
      return !existsSync(path) || (rmSync(lock, { recursive: true }), false);
    } catch {
      if (existsSync(path)) return false;
      if (Date.now() > until) throw new Error(`another process has been making ${basename(path)} for too long`);
      // Its owner was killed.
      if ((statSync(lock, { throwIfNoEntry: false })?.mtimeMs ?? Date.now()) < Date.now() - waitMs)
        rmSync(lock, { recursive: true, force: true });
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200);
    }
  }
}
