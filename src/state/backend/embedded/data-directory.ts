import { mkdir, open, readFile, readdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { AppError } from '../../../core/index.js';

/** The version of the directory's layout (file names, database layout). Older code refuses newer directories. */
const FORMAT = 2;
const PRODUCT = 'meshwright-state';
const MARKER = 'store.json';
const UNFINISHED_MARKER = 'store.json.new';

export interface DataDirectory {
  readonly path: string;
  /** Folder whose lock says which process has the directory. */
  readonly lock: string;
  /** File that remembers the newest durable commit. */
  readonly witness: string;
  /** Where format 1 had the records, and the newest durable commit. */
  readonly oldDatabase: string;
  readonly oldWitness: string;
  /** The layout that was found; an older one is to be converted. */
  readonly format: number;
}

/**
 * Makes the directory, or checks that it is one of ours and of a layout we know. Throws AppError('corruptState') for foreign,
 * damaged or newer data, AppError('unavailable') when it cannot be read or written.
 */
export async function openDataDirectory(path: string): Promise<DataDirectory> {
  const directory = {
    path,
    lock: join(path, 'lock'),
    witness: join(path, 'newest'),
    oldDatabase: join(path, 'level'),
    oldWitness: join(path, 'tip'),
  };
  try {
    await mkdir(path, { recursive: true, mode: 0o700 });
    const names = (await readdir(path)).filter((name) => name !== UNFINISHED_MARKER);
    if (names.length === 0) {
      await writeMarker(path);
      return { ...directory, format: FORMAT };
    }
    if (!names.includes(MARKER)) throw foreign(path);
    return { ...directory, format: checkMarker(path, await readFile(join(path, MARKER), 'utf8')) };
  } catch (thrown) {
    throw thrown instanceof AppError ? thrown : inaccessible(path, thrown);
  }
}

/** Says that the directory has today's layout. Writes the marker beside its final place, so that a half-written one is never taken for a damaged directory. */
export async function writeMarker(path: string): Promise<void> {
  const unfinished = join(path, UNFINISHED_MARKER);
  const file = await open(unfinished, 'w', 0o600);
  try {
    await file.writeFile(`${JSON.stringify({ product: PRODUCT, format: FORMAT })}\n`);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(unfinished, join(path, MARKER));
  await syncDirectory(path);
}

async function syncDirectory(path: string): Promise<void> {
  const directory = await open(path, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}

/** The format that a marker tells. */
function checkMarker(path: string, text: string): number {
  let marker: { product?: unknown; format?: unknown } | null;
  try {
    marker = JSON.parse(text) as typeof marker;
  } catch (cause) {
    throw new AppError('corruptState', `${join(path, MARKER)} is damaged: restore the directory from a copy.`, {
      cause,
    });
  }
  if (marker?.product !== PRODUCT || typeof marker.format !== 'number') throw foreign(path);
  if (marker.format > FORMAT)
    throw new AppError(
      'corruptState',
      `The data directory ${path} was written by a newer version (format ${marker.format}, this one knows ${FORMAT}): start that version.`,
    );
  return marker.format;
}

function foreign(path: string): AppError {
  return new AppError(
    'corruptState',
    `${path} holds other files and no state of this program: give an empty or new data directory.`,
  );
}

function inaccessible(path: string, thrown: unknown): AppError {
  const code = (thrown as NodeJS.ErrnoException).code ?? 'unknown error';
  return new AppError(
    'unavailable',
    `The data directory ${path} cannot be used (${code}): check its path, owner and free space.`,
    {
      cause: thrown,
    },
  );
}
