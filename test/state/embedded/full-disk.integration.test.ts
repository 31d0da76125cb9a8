import { spawnSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { createEmbeddedBackend } from '../../../src/state/backend/embedded/index.js';
import { openStore, temporaryFolder } from '../support/engines.js';
import { kv, kvPrefix } from '../support/records.js';

/** A file system of its own that holds 4 MB, if we may make one. */
function smallDisk(): string | undefined {
  const path = temporaryFolder();
  const { status } = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', path]);
  if (status !== 0) return undefined;
  onTestFinished(() => void spawnSync('umount', ['-l', path]));
  return path;
}

test('a disk without space refuses writes with a sentence, leaves reads, and takes writes again without a restart', async (context) => {
  const disk = smallDisk();
  if (disk === undefined) {
    process.stderr.write(
      'not run: no right to mount a small file system; refused-writes.test.ts has a disk that only says it is full\n',
    );
    return context.skip();
  }
  const ballast = join(disk, 'ballast');
  writeFileSync(ballast, Buffer.alloc(1 << 20));
  const path = join(disk, 'data');
  const store = await openStore(createEmbeddedBackend({ path, minimumLogBytes: 500_000 }));
  const value = Buffer.alloc(4_000, 'x').toString('base64');
  const acknowledged: string[] = [];
  const write = async (key: string): Promise<string | undefined> => {
    try {
      await store.transact('put', (transaction) => transaction.put('kv', kv(key, value)));
      acknowledged.push(key);
      return undefined;
    } catch (thrown) {
      return (thrown as Error).message;
    }
  };
  let refusal: string | undefined;
  for (let at = 0; refusal === undefined && at < 2_000; at += 1) refusal = await write(`key-${at}`);
  expect(refusal).toContain(`The disk of ${path} refused a write`);
  expect(refusal).toContain('ENOSPC');
  expect(store.read(kvPrefix, 'key-').value).toHaveLength(acknowledged.length);
  rmSync(ballast);
  await expect.poll(() => write('after'), { timeout: 10_000 }).toBeUndefined();
  const keys = store.read(kvPrefix, '').value.map(({ key }) => key);
  expect(keys.toSorted()).toEqual([...new Set(acknowledged)].toSorted());
  await store.close();
  const again = await openStore(createEmbeddedBackend({ path }));
  expect(again.read(kvPrefix, '').value.map(({ key }) => key)).toEqual(keys);
});
