import { describe, expect, it } from 'vitest';
import { type Backend, type StateStore } from '../../../src/state/index.js';
import { createEmbeddedBackend } from '../../../src/state/backend/embedded/index.js';
import { openStore, temporaryFolder } from '../support/engines.js';
import { FailingDisk } from '../support/failing-disk.js';
import { ManualClock } from '../support/manual-clock.js';
import { kv, kvPrefix } from '../support/records.js';

interface Setup {
  readonly store: StateStore;
  readonly disk: FailingDisk;
  readonly clock: ManualClock;
  readonly path: string;
}

async function setUp(): Promise<Setup> {
  const disk = new FailingDisk();
  const clock = new ManualClock();
  const path = temporaryFolder();
  const backend: Backend = createEmbeddedBackend({ path, clock, disk });
  return { store: await openStore(backend, { clock }), disk, clock, path };
}

const write = (store: StateStore, key: string, value?: string): Promise<unknown> =>
  store.transact('put', (transaction) => transaction.put('kv', kv(key, value)));

const keysOf = (store: StateStore): string[] => store.read(kvPrefix, '').value.map(({ key }) => key);

/** Lets the engine try again until it takes writes. */
async function recovered({ store, clock }: Setup): Promise<void> {
  for (let attempt = 0; attempt < 50; attempt += 1) {
    clock.advance(5000);
    await new Promise((resolve) => setTimeout(resolve, 5));
    const taken = await write(store, `probe-${attempt}`).then(
      () => true,
      () => false,
    );
    if (taken) return;
  }
  throw new Error('the engine did not recover');
}

describe('a disk that refuses a write', () => {
  it('fails the writes of the group, and those evaluated on it, with a sentence that names the folder', async () => {
    const setup = await setUp();
    const { store, disk, path } = setup;
    await write(store, 'a', 'b2xk');
    let open: () => void = () => undefined;
    disk.gate = new Promise((resolve) => {
      open = resolve;
    });
    const before = disk.appends;
    const first = write(store, 'a', 'bmV3');
    while (disk.appends === before) await new Promise((resolve) => setImmediate(resolve));
    const seen: (string | undefined)[] = [];
    const second = store.transact('copy', (transaction) => {
      seen.push(transaction.get('kv', 'a')?.value);
      transaction.put('kv', kv('b', transaction.get('kv', 'a')?.value));
    });
    const reader = store.transact('read', (transaction) => transaction.get('kv', 'a')?.value);
    disk.mode = 'is full';
    open();
    const outcomes = await Promise.allSettled([first, second, reader]);
    for (const outcome of outcomes)
      expect(outcome).toMatchObject({ status: 'rejected', reason: { code: 'unavailable' } });
    expect((outcomes[0] as PromiseRejectedResult).reason.message).toContain(`The disk of ${path} refused a write`);
    expect((outcomes[0] as PromiseRejectedResult).reason.message).toContain('no space left on device');
    expect(seen).toEqual(['bmV3']);
    expect(store.view.get('kv', 'a')?.value).toBe('b2xk');
    expect(keysOf(store)).toEqual(['a']);
  });

  it('leaves reads as they are, and takes writes again by itself', async () => {
    const setup = await setUp();
    const { store, disk } = setup;
    await write(store, 'a');
    const { index } = store;
    disk.mode = 'refuses';
    await expect(write(store, 'b')).rejects.toMatchObject({ code: 'unavailable' });
    await expect(write(store, 'c')).rejects.toMatchObject({ code: 'unavailable' });
    expect(keysOf(store)).toEqual(['a']);
    expect(store.index).toBe(index);
    disk.mode = 'works';
    await recovered(setup);
    const { result: ghost } = await store.transact('read', (transaction) => transaction.get('kv', 'b'));
    expect(ghost).toBeUndefined();
    await write(store, 'd');
    expect(keysOf(store).filter((key) => !key.startsWith('probe'))).toEqual(['a', 'd']);
    expect(store.view.get('kv', 'd')?.modifyIndex).toBeGreaterThan(index);
  });

  it('takes a write that was refused off the disk, wherever it failed, so that no start finds it', async () => {
    for (const mode of ['refuses', 'is full', 'loses the confirmation'] as const) {
      const setup = await setUp();
      const { store, disk, path } = setup;
      await write(store, 'a');
      disk.mode = mode;
      await expect(write(store, 'b')).rejects.toMatchObject({ code: 'unavailable' });
      disk.mode = 'works';
      await recovered(setup);
      await write(store, 'c');
      const keys = keysOf(store);
      expect(keys.filter((key) => !key.startsWith('probe'))).toEqual(['a', 'c']);
      await store.close();
      const again = await openStore(createEmbeddedBackend({ path }));
      expect(keysOf(again)).toEqual(keys);
    }
  });

  it('is found out about before writes are taken again', async () => {
    const setup = await setUp();
    const { store, disk, clock } = setup;
    await write(store, 'a');
    disk.mode = 'is full';
    await expect(write(store, 'b')).rejects.toMatchObject({ code: 'unavailable' });
    const { appends } = disk;
    for (let attempt = 0; attempt < 5; attempt += 1) {
      clock.advance(5000);
      await new Promise((resolve) => setTimeout(resolve, 5));
      await expect(write(store, 'c')).rejects.toMatchObject({ code: 'unavailable' });
    }
    expect(disk.appends).toBeGreaterThan(appends);
    expect(keysOf(store)).toEqual(['a']);
    disk.mode = 'works';
    await recovered(setup);
    expect(keysOf(store)).toContain('a');
  });

  it('keeps the store right while it is closed in the middle of a failure', async () => {
    const setup = await setUp();
    const { store, disk, path } = setup;
    await write(store, 'a');
    disk.mode = 'refuses';
    await expect(write(store, 'b')).rejects.toMatchObject({ code: 'unavailable' });
    await store.close();
    const again = await openStore(createEmbeddedBackend({ path }));
    expect(keysOf(again)).toEqual(['a']);
  });
});
