import {
  chmodSync,
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { AppError, sha256Hex } from '../core/index.js';

/** A folder of small JSON files named by the hash of an id: local services, checks, or their last states. */
export interface RecordFolder<Value> {
  /** What could be read; `problems` are sentences about files that could not, and that were set aside under another name. */
  load(): { readonly values: readonly Value[]; readonly problems: readonly string[] };
  /** On the disk when it returns. Throws AppError('unavailable') when that is not possible; then the file is as it was. */
  save(id: string, value: Value): void;
  /** Replaces the file as a whole, but does not wait for the disk: for what may be a little older after a power cut. */
  saveLazily(id: string, value: Value): Promise<void>;
  remove(id: string): void;
}

/**
 * Files are written beside and renamed, readable by their owner only. `read` makes a value of what a file holds and throws when
 * it cannot be one.
 */
export function createRecordFolder<Value>(
  dataDir: string,
  name: string,
  read: (stored: unknown) => Value,
): RecordFolder<Value> {
  const folder = join(dataDir, name);
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    chmodSync(folder, 0o700);
  } catch (thrown) {
    throw new AppError(
      'corruptState',
      `cannot use ${folder}: ${(thrown as Error).message}; check the owner and the rights of the data directory`,
    );
  }
  const fileOf = (id: string): string => join(folder, `${sha256Hex(id)}.json`);
  return {
    load() {
      const values: Value[] = [];
      const problems: string[] = [];
      for (const entry of readdirSync(folder).sort()) {
        const file = join(folder, entry);
        if (entry.endsWith('.new')) rmSync(file, { force: true });
        if (!entry.endsWith('.json')) continue;
        try {
          values.push(read(JSON.parse(readFileSync(file, 'utf8'))));
        } catch (thrown) {
          problems.push(setAside(file, (thrown as Error).message));
        }
      }
      return { values, problems };
    },
    save(id, value) {
      try {
        replaceFile(fileOf(id), JSON.stringify(value));
      } catch (thrown) {
        throw new AppError(
          'unavailable',
          `cannot save this in the data directory: ${(thrown as NodeJS.ErrnoException).code ?? 'unknown reason'}`,
          { cause: thrown },
        );
      }
    },
    async saveLazily(id, value) {
      const file = fileOf(id);
      await writeFile(`${file}.new`, JSON.stringify(value), { mode: 0o600 });
      await rename(`${file}.new`, file);
    },
    remove: (id) => rmSync(fileOf(id), { force: true }),
  };
}

/** Replaces a file, readable by its owner only, as a whole and on the disk; when that fails it is as it was. Throws what the disk says. */
export function replaceFile(file: string, text: string): void {
  try {
    writeFileSync(`${file}.new`, text, { mode: 0o600, flush: true });
    renameSync(`${file}.new`, file);
    syncFolder(dirname(file));
  } catch (thrown) {
    rmSync(`${file}.new`, { force: true });
    throw thrown;
  }
}

/** A renamed file is there after a power cut only when its folder was synced too. */
function syncFolder(folder: string): void {
  const descriptor = openSync(folder, 'r');
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

function setAside(file: string, reason: string): string {
  const aside = file.replace(/\.json$/, '.damaged');
  try {
    renameSync(file, aside);
    return `${file} is damaged (${reason}); it is left out and kept as ${aside}`;
  } catch (thrown) {
    return `${file} is damaged (${reason}); it is left out and could not be renamed: ${(thrown as Error).message}`;
  }
}
