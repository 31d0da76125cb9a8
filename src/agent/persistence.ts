import { chmodSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { AppError, sha256Hex } from '../core/index.js';

/** A folder of small JSON files named by the hash of an id: local services, checks, or their last states. */
export interface RecordFolder<Value> {
  /** What could be read; `problems` are sentences about files that could not. */
  load(): { readonly values: readonly Value[]; readonly problems: readonly string[] };
  save(id: string, value: Value): void;
  remove(id: string): void;
}

/** Files are written beside and renamed, readable by their owner only. */
export function createRecordFolder<Value>(dataDir: string, name: string): RecordFolder<Value> {
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
      for (const file of readdirSync(folder).sort()) {
        if (!file.endsWith('.json')) continue;
        try {
          values.push(JSON.parse(readFileSync(join(folder, file), 'utf8')) as Value);
        } catch (thrown) {
          problems.push(`${join(folder, file)} is unreadable and is left out: ${(thrown as Error).message}`);
        }
      }
      return { values, problems };
    },
    save(id, value) {
      const file = fileOf(id);
      writeFileSync(`${file}.new`, JSON.stringify(value), { mode: 0o600, flush: true });
      renameSync(`${file}.new`, file);
    },
    remove: (id) => rmSync(fileOf(id), { force: true }),
  };
}
