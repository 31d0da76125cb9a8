import { readdirSync, statfsSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fine, type InstallationCheck, problem, skipped, warning } from './installation-check.js';

const LEAST_FREE_BYTES = 1024 ** 3;
const OTHERS = 0o077;
const NONE = skipped('name the data directory with -data-dir to have it looked at');

/** The machine of a server: its data directory. */
export const machineChecks: readonly InstallationCheck[] = [
  {
    id: 'open-data-dir',
    about: 'Nobody but its owner reads the data directory: it holds private keys',
    fix: 'Take the rights of others away: chmod -R go-rwx on the directory that is named.',
    run: ({ dataDir }) => Promise.resolve(dataDir === '' ? NONE : lookAtRights(dataDir)),
  },
  {
    id: 'little-disk',
    about: 'The disk of the data directory has 1 GiB free, and a twentieth of its size',
    fix: 'Make room, or move the data directory to a larger disk: a full one refuses writes.',
    run: ({ dataDir }) => Promise.resolve(dataDir === '' ? NONE : lookAtDisk(dataDir)),
  },
];

function lookAtRights(dataDir: string) {
  try {
    if ((statSync(dataDir).mode & OTHERS) === 0) return fine;
    // What is in it may still be closed.
    const open = readdirSync(dataDir).filter((name) => (statSync(join(dataDir, name)).mode & OTHERS) !== 0);
    return open.length === 0
      ? fine
      : problem(`others have rights to ${open.map((name) => join(dataDir, name)).join(', ')}`);
  } catch (thrown) {
    return problem(`it cannot be read: ${(thrown as Error).message}`);
  }
}

function lookAtDisk(dataDir: string) {
  try {
    const { bavail, bsize, blocks } = statfsSync(dataDir);
    const [free, size] = [bavail * bsize, blocks * bsize];
    const least = Math.max(LEAST_FREE_BYTES, size / 20);
    return free >= least
      ? fine
      : warning(`${Math.floor(free / 1024 ** 2)} MiB of ${Math.floor(size / 1024 ** 2)} MiB are free`);
  } catch (thrown) {
    return problem(`it cannot be read: ${(thrown as Error).message}`);
  }
}
