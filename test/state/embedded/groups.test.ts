import { describe, expect, it, onTestFinished } from 'vitest';
import { deferred } from '../../../src/core/index.js';
import { type Disk, systemDisk } from '../../../src/state/backend/embedded/disk.js';
import { createEmbeddedBackend } from '../../../src/state/backend/embedded/index.js';
import { type Backend, type WatchEvent } from '../../../src/state/index.js';
import { openStore, temporaryFolder } from '../support/engines.js';
import { FailingDisk } from '../support/failing-disk.js';
import { kv } from '../support/records.js';

const operations = [{ type: 'put', table: 'kv', key: 'a', value: '{"v":1}' }] as const;

describe('commits of the embedded store', () => {
  it('that are accepted in one turn of the event loop, by different callbacks, are one write', async () => {
    const disk = new FailingDisk();
    const store = await openStore(createEmbeddedBackend({ path: temporaryFolder(), disk }));
    const before = disk.appends;
    const written: Promise<unknown>[] = [];
    await Promise.all(
      Array.from(
        { length: 20 },
        (_, at) =>
          new Promise<void>((resolve) =>
            setImmediate(() => {
              written.push(store.transact('put', (transaction) => transaction.put('kv', kv(`key-${at}`))));
              resolve();
            }),
          ),
      ),
    );
    await Promise.all(written);
    expect(disk.appends - before).toBe(1);
    expect(store.view.range('kv', 'prefix', [''])).toHaveLength(20);
  });

  it('that come while the files are listed can be watched from there, however many they are', async () => {
    const [reached, gate] = [deferred(), deferred()];
    let isListing = false;
    const disk: Disk = {
      ...systemDisk,
      async open(path, create) {
        if (isListing) reached.resolve();
        if (isListing) await gate.promise;
        return systemDisk.open(path, create);
      },
    };
    const backend: Backend = createEmbeddedBackend({ path: temporaryFolder(), disk });
    await backend.open();
    onTestFinished(() => backend.close());
    await backend.commit({ conditions: [], operations });
    isListing = true;
    const listing = backend.list();
    await reached.promise;
    const commits = 2_500;
    await Promise.all(Array.from({ length: commits }, () => backend.commit({ conditions: [], operations })));
    gate.resolve();
    const { revision } = await listing;
    const events: WatchEvent[] = [];
    onTestFinished(backend.watch(revision, (event) => events.push(event)));
    expect(events.map(({ type }) => type)).toEqual(Array.from({ length: commits }, () => 'commit'));
  });
});
