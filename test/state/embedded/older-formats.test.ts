import { cpSync, existsSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, test } from 'vitest';
import type { Backend, StoredRecord } from '../../../src/state/index.js';
import { createEmbeddedBackend } from '../../../src/state/backend/embedded/index.js';
import { temporaryFolder } from '../support/engines.js';
import { FailingDisk } from '../support/failing-disk.js';

/** A data directory as version 0.1.0 left it: 42 commits, among them deletions, a mark and keys beyond ASCII. */
const LEVEL_STORE = fileURLToPath(new URL('../fixtures/level-store', import.meta.url));

function copied(): string {
  const path = join(temporaryFolder(), 'data');
  cpSync(LEVEL_STORE, path, { recursive: true });
  return path;
}

async function opened(path: string, disk?: FailingDisk): Promise<Backend> {
  const backend = createEmbeddedBackend({ path, ...(disk && { disk }) });
  await backend.open();
  onTestFinished(() => backend.close());
  return backend;
}

const byKey = (records: readonly StoredRecord[]): Map<string, StoredRecord> =>
  new Map(records.map((record) => [record.key, record]));

test('a store of format 1 is converted, with every record and its revisions, and goes on', async () => {
  const path = copied();
  const backend = await opened(path);
  const { revision, records } = await backend.list();
  expect(revision).toBe(43);
  expect(records).toHaveLength(40);
  const found = byKey(records);
  expect(found.get('key-3')).toBeUndefined();
  expect(found.get('key-4')).toMatchObject({ table: 'kv', createRevision: 6, modRevision: 43 });
  expect(found.get('k\u00e9y \u{1F600} 19')).toMatchObject({ createRevision: 42, modRevision: 42 });
  expect(found.get('kv\u0000\u0000key-3\u0000')).toMatchObject({ table: 'marks', createRevision: 22, modRevision: 43 });
  expect(existsSync(join(path, 'level'))).toBe(false);
  expect(existsSync(join(path, 'tip'))).toBe(false);
  const put = { type: 'put', table: 'kv', key: 'after', value: '{"v":1}' } as const;
  expect(await backend.commit({ conditions: [], operations: [put] })).toEqual({ ok: true, revision: 44 });
  await backend.close();
  const again = await (await opened(path)).list();
  expect(again.revision).toBe(44);
  expect(byKey(again.records)).toEqual(new Map([...found, ['after', byKey(again.records).get('after')]]));
});

test('a conversion that was cut off leaves the old store, and begins anew', async () => {
  const path = copied();
  const disk = new FailingDisk();
  disk.mode = 'is full';
  await expect(opened(path, disk)).rejects.toMatchObject({
    code: 'unavailable',
    message: expect.stringContaining(path),
  });
  expect(existsSync(join(path, 'level'))).toBe(true);
  writeFileSync(join(path, 'snapshot-0000000000000043'), 'half of it');
  writeFileSync(join(path, 'log-0000000000000044.new'), '');
  const { revision, records } = await (await opened(path)).list();
  expect([revision, records.length]).toEqual([43, 40]);
  expect(readdirSync(path).toSorted()).toEqual([
    'lock',
    'log-0000000000000044',
    'newest',
    'snapshot-0000000000000043',
    'store.json',
  ]);
});

test('a damaged store of format 1 is refused and stays as it is', async () => {
  const path = copied();
  const file = join(path, 'level', '000006.log');
  const bytes = readFileSync(file);
  bytes[6000] = (bytes[6000] as number) ^ 1;
  writeFileSync(file, bytes);
  await expect(opened(path)).rejects.toMatchObject({
    code: 'corruptState',
    message: expect.stringContaining(join(path, 'level')),
  });
  expect(JSON.parse(readFileSync(join(path, 'store.json'), 'utf8'))).toMatchObject({ format: 1 });
  rmSync(join(path, 'level'), { recursive: true });
  await expect(opened(path)).rejects.toMatchObject({ code: 'corruptState' });
});
