import { describe, expect, it, onTestFinished } from 'vitest';
import type { Cell } from '../../src/model/index.js';
import { type StateStore, createMemoryBackend, createStateStore } from '../../src/state/index.js';
import { openStore } from './support/engines.js';
import { ManualClock } from './support/manual-clock.js';
import { kv, kvPrefix } from './support/records.js';

interface Setup {
  readonly store: StateStore;
  readonly clock: ManualClock;
}

async function setUp(random = 0): Promise<Setup> {
  const clock = new ManualClock();
  return { clock, store: await openStore(createMemoryBackend(), { clock, random: () => random }) };
}

const put = async (store: StateStore, key: string, value = '1'): Promise<number> =>
  (await store.transact('put', (transaction) => transaction.put('kv', kv(key, value)))).index;

/** Whether a promise has settled by now. */
async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  const pending = Symbol('pending');
  for (let turn = 0; turn < 5; turn += 1) await Promise.resolve();
  return (await Promise.race([promise.catch(() => undefined), Promise.resolve(pending)])) !== pending;
}

describe('a blocking query', () => {
  it('answers at once for index 0 and for an index that is passed', async () => {
    const { store, clock } = await setUp();
    const index = await put(store, 'a');
    expect(await store.query(kvPrefix, '', { index: 0, waitMs: 60_000 })).toMatchObject({ index });
    const next = await put(store, 'a', '2');
    expect(await store.query(kvPrefix, '', { index, waitMs: 60_000 })).toMatchObject({ index: next });
    expect(clock.pending).toBe(1);
    expect(store.sizes.parkedQueries).toBe(0);
  });

  it('waits the given time, and up to a sixteenth more, when nothing changes', async () => {
    for (const [random, totalMs] of [
      [0, 16_000],
      [0.999_999, 16_999],
    ] as const) {
      const { store, clock } = await setUp(random);
      const index = await put(store, 'a');
      const answer = store.query(kvPrefix, '', { index, waitMs: 16_000 });
      expect(await isSettled(answer)).toBe(false);
      clock.advance(totalMs - 1);
      expect(await isSettled(answer)).toBe(false);
      clock.advance(1);
      expect(await answer).toMatchObject({ index, value: [{ key: 'a' }] });
    }
  });

  it('is not woken by what it did not read, nor by a write that changes nothing it computes', async () => {
    const { store, clock } = await setUp();
    const keys: Cell<readonly string[]> = {
      kind: 'keys',
      compute: (view, prefix) => view.range('kv', 'prefix', [prefix]).map(({ key }) => key),
    };
    const index = await put(store, 'p/a');
    const answer = store.query(keys, 'p/', { index, waitMs: 1000 });
    expect(await isSettled(answer)).toBe(false);
    await put(store, 'q');
    await put(store, 'p/a', '2');
    expect(await isSettled(answer)).toBe(false);
    clock.advance(1000);
    expect((await answer).index).toBe(index + 2);
  });

  it('with an index from the future waits to the end and answers with the true index', async () => {
    const { store, clock } = await setUp();
    const index = await put(store, 'a');
    const answer = store.query(kvPrefix, '', { index: 1_000_000, waitMs: 300 });
    expect(await isSettled(answer)).toBe(false);
    await put(store, 'a', '2');
    expect(await isSettled(answer)).toBe(false);
    clock.advance(300);
    expect((await answer).index).toBe(index + 1);
  });

  it('for something absent is woken when it appears, and again when it goes', async () => {
    const { store } = await setUp();
    await put(store, 'other');
    const absent = await store.query(kvPrefix, 'p', { index: 0, waitMs: 0 });
    expect(absent).toEqual({ value: [], index: 1 });
    const appears = store.query(kvPrefix, 'p', { index: absent.index, waitMs: 60_000 });
    const created = await put(store, 'p');
    expect((await appears).index).toBe(created);
    const goes = store.query(kvPrefix, 'p', { index: created, waitMs: 60_000 });
    const deleted = await store.transact('delete', (transaction) => transaction.delete('kv', 'p'));
    expect(await goes).toEqual({ value: [], index: deleted.index });
  });

  it('leaves no memory behind when its caller goes away', async () => {
    const { store, clock } = await setUp();
    const index = await put(store, 'a');
    const controller = new AbortController();
    const answer = store.query(kvPrefix, '', { index, waitMs: 60_000, signal: controller.signal });
    expect(await isSettled(answer)).toBe(false);
    expect(store.sizes).toEqual({ cells: 1, parkedQueries: 1 });
    controller.abort();
    await expect(answer).rejects.toMatchObject({ code: 'cancelled' });
    expect(store.sizes.parkedQueries).toBe(0);
    clock.advance(200_000);
    expect(store.sizes.cells).toBe(0);
    expect(clock.pending).toBe(0);
    await expect(store.query(kvPrefix, '', { index, waitMs: 60_000, signal: controller.signal })).rejects.toMatchObject(
      { code: 'cancelled' },
    );
  });

  it('shares one computation with all who ask the same, and wakes exactly those concerned', async () => {
    const { store } = await setUp();
    const index = await put(store, 'start');
    const woken: string[] = [];
    const parked = Array.from({ length: 20_000 }, (_, at) => {
      const prefix = `p${at % 100}/`;
      return store
        .query(kvPrefix, prefix, { index, waitMs: 600_000 })
        .then(({ value }) => woken.push(`${prefix} ${value.length}`));
    });
    await isSettled(Promise.all(parked));
    expect(store.sizes).toEqual({ cells: 100, parkedQueries: 20_000 });
    const before = store.counters.cellsComputed;
    await put(store, 'p7/x');
    await isSettled(Promise.all(parked));
    expect(woken).toEqual(Array.from({ length: 200 }, () => 'p7/ 1'));
    expect(store.counters.cellsComputed - before).toBe(1);
    expect(store.sizes.parkedQueries).toBe(19_800);
    await store.close();
    await Promise.allSettled(parked);
  });

  it('goes on waiting while its computation fails, and says so at the end', async () => {
    const { store, clock } = await setUp();
    const strict: Cell<string> = {
      kind: 'strict',
      compute: (view) => {
        const value = view.get('kv', 'a')?.value ?? '';
        if (value === 'bad') throw new Error('bad value');
        return value;
      },
    };
    const index = await put(store, 'a', 'good');
    const patient = store.query(strict, '', { index, waitMs: 5000 });
    const short = store.query(strict, '', { index, waitMs: 1000 });
    await isSettled(short);
    await put(store, 'a', 'bad');
    expect(await isSettled(patient)).toBe(false);
    clock.advance(1000);
    await expect(short).rejects.toThrow('bad value');
    await put(store, 'a', 'better');
    expect((await patient).value).toBe('better');
  });

  it('waits for the state to be loaded', async () => {
    const store = createStateStore({ backend: createMemoryBackend(), clock: new ManualClock() });
    onTestFinished(() => store.close());
    expect(() => store.read(kvPrefix, '')).toThrow('still being loaded');
    expect(() => store.view.get('kv', 'a')).toThrow('still being loaded');
    expect(await store.query(kvPrefix, '', { index: 0, waitMs: 0 })).toEqual({ value: [], index: 1 });
    expect(store.read(kvPrefix, '').index).toBe(1);
  });
});
