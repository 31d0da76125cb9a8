import { cpSync, readFileSync, readdirSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createEmbeddedBackend } from '../../../src/state/backend/embedded/index.js';
import type { Backend, StoredRecord } from '../../../src/state/index.js';

/** Random damage to a real data directory, and what becomes of it. */

const PAGE = 4096;

export async function put(backend: Backend, key: string, value: string): Promise<void> {
  await backend.commit({ conditions: [], operations: [{ type: 'put', table: 'kv', key, value }] });
}

/**
 * A directory with a snapshot, a log that continues it and one that continues that, as a restart after a kill finds it; with its
 * records.
 */
export async function makeStore(path: string): Promise<readonly StoredRecord[]> {
  const padding = 'x'.repeat(300);
  let records: readonly StoredRecord[] = [];
  for (const [start, minimumLogBytes] of [10_000, 1 << 30, 1 << 30].entries()) {
    const backend = createEmbeddedBackend({ path, minimumLogBytes });
    await backend.open();
    for (let at = 0; at < 100; at += 1) {
      const key = `key-${(start * 60 + at) % 200}`;
      await Promise.all([
        put(backend, key, JSON.stringify({ v: 1, start, padding })),
        put(backend, `${key}/b`, JSON.stringify({ v: 1, at })),
      ]);
      if (at % 10 === 9)
        await backend.commit({ conditions: [], operations: [{ type: 'delete', table: 'kv', key: `key-${at - 5}/b` }] });
    }
    if (start === 2) records = byKey((await backend.list()).records);
    await backend.close();
  }
  return records;
}

export const byKey = (records: readonly StoredRecord[]): StoredRecord[] =>
  [...records].sort((left, right) => (left.key < right.key ? -1 : 1));

/** The files of a data directory that hold anything, below it too. */
export function filesOf(path: string): string[] {
  return (readdirSync(path, { recursive: true }) as string[])
    .filter((name) => statSync(join(path, name)).isFile() && statSync(join(path, name)).size > 0)
    .toSorted();
}

/** One thing that went wrong with one file. */
export interface Damage {
  readonly file: string;
  readonly text: string;
  readonly apply: (path: string) => void;
}

/** Chooses a file and what happens to it. */
export function randomDamage(original: string, random: () => number): Damage {
  const below = (limit: number): number => Math.floor(random() * limit);
  const files = filesOf(original);
  const file = files[below(files.length)] as string;
  const { size } = statSync(join(original, file));
  const at = below(size);
  const rewrite = (change: (bytes: Buffer) => void) => (path: string) => {
    const bytes = readFileSync(join(path, file));
    change(bytes);
    writeFileSync(join(path, file), bytes);
  };
  const bit = below(8);
  const kinds: readonly Omit<Damage, 'file'>[] = [
    { text: `bit ${bit} of byte ${at} flipped`, apply: rewrite((bytes) => void (bytes[at]! ^= 1 << bit)) },
    {
      text: `page at ${at - (at % PAGE)} zeroed`,
      apply: rewrite((bytes) => void bytes.subarray(at - (at % PAGE), at - (at % PAGE) + PAGE).fill(0)),
    },
    { text: `cut to ${at} bytes`, apply: (path) => truncateSync(join(path, file), at) },
    {
      text: `${at} bytes appended`,
      apply: (path) => writeFileSync(join(path, file), Buffer.alloc(at, 7), { flag: 'a' }),
    },
    { text: 'removed', apply: (path) => rmSync(join(path, file)) },
  ];
  const kind = kinds[below(kinds.length)] as Omit<Damage, 'file'>;
  return { file, ...kind };
}

/**
 * Opens a copy after a damage. Every record must be there, also after one more write and a restart, or the start refused with the
 * damaged file named: anything else is returned as a complaint.
 */
export async function outcomeOf(
  original: string,
  copy: string,
  records: readonly StoredRecord[],
  { file, apply }: Damage,
): Promise<{ readonly outcome: 'recovered' | 'refused'; readonly complaint?: string }> {
  cpSync(original, copy, { recursive: true });
  apply(copy);
  const backend = createEmbeddedBackend({ path: copy });
  try {
    await backend.open();
  } catch (thrown) {
    const { code, message } = thrown as { readonly code?: string; readonly message: string };
    const isRight =
      code === 'corruptState' &&
      message.includes(copy) &&
      /put back|restore the directory|give an empty|start that version/.test(message);
    const isNamed =
      message.includes(join(copy, file)) || file === 'store.json' || file === 'newest' || /it is missing/.test(message);
    return { outcome: 'refused', ...(isRight && isNamed ? {} : { complaint: `refused with ${code}: ${message}` }) };
  }
  const found = byKey((await backend.list()).records);
  await put(backend, 'zz-after', '{"v":1}');
  await backend.close();
  const again = createEmbeddedBackend({ path: copy });
  await again.open();
  const later = byKey((await again.list()).records);
  await again.close();
  const isWhole = JSON.stringify(found) === JSON.stringify(records);
  const staysWhole = JSON.stringify(later.slice(0, -1)) === JSON.stringify(records) && later.at(-1)?.key === 'zz-after';
  return { outcome: 'recovered', ...(isWhole && staysWhole ? {} : { complaint: 'silently lost or changed records' }) };
}
