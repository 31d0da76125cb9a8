import { describe, expect, it, onTestFinished } from 'vitest';
import { type AppError, systemClock } from '../../src/core/index.js';
import { type Backend, type WatchEvent, createMemoryBackend, createStateStore } from '../../src/state/index.js';
import { openStore, sharedBackend } from './support/engines.js';
import { ManualClock } from './support/manual-clock.js';
import { kv, kvPrefix } from './support/records.js';

/** A memory engine whose list and watch the test can disturb. */
function disturbed(): {
  readonly backend: Backend;
  readonly emit: (event: WatchEvent) => void;
  readonly faults: { list: Error | undefined };
  readonly counts: { lists: number };
} {
  const engine = createMemoryBackend();
  const faults: { list: Error | undefined } = { list: undefined };
  const counts = { lists: 0 };
  let listener: (event: WatchEvent) => void = () => undefined;
  const backend: Backend = {
    ...sharedBackend(engine),
    open: () => engine.open(),
    list: () => {
      counts.lists += 1;
      return faults.list ? Promise.reject(faults.list) : engine.list();
    },
    watch: (afterRevision, onEvent) => {
      listener = onEvent;
      return engine.watch(afterRevision, onEvent);
    },
    close: () => engine.close(),
  };
  return { backend, emit: (event) => listener(event), faults, counts };
}

const turns = async (): Promise<void> => {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
};

describe('the copy of the engine’s state', () => {
  it('is listed anew when the watch gives a revision that is not above the last', async () => {
    const { backend, emit, counts } = disturbed();
    const store = await openStore(backend);
    await store.transact('put', (transaction) => transaction.put('kv', kv('a')));
    const before = store.read(kvPrefix, '');
    emit({ type: 'commit', commit: { revision: 1, changes: [{ table: 'kv', key: 'a', deleted: true }] } });
    await turns();
    expect(counts.lists).toBe(2);
    expect(store.read(kvPrefix, '')).toEqual(before);
  });

  it('is asked for again, ever more slowly, until the engine answers, while reads go on', async () => {
    const { backend, emit, faults, counts } = disturbed();
    const clock = new ManualClock();
    const problems: AppError[] = [];
    const store = await openStore(backend, { clock, onProblem: (error) => problems.push(error) });
    await store.transact('put', (transaction) => transaction.put('kv', kv('a')));
    faults.list = new Error('connection refused');
    emit({ type: 'resync', reason: 'test' });
    await turns();
    clock.advance(100);
    await turns();
    clock.advance(150);
    await turns();
    expect(counts.lists).toBe(3);
    expect(store.read(kvPrefix, '').value).toHaveLength(1);
    faults.list = undefined;
    clock.advance(10_000);
    await turns();
    expect(counts.lists).toBe(4);
    expect(problems.map(({ message }) => message)).toEqual(['connection refused', 'connection refused']);
    await store.transact('put', (transaction) => transaction.put('kv', kv('b')));
    expect(store.read(kvPrefix, '').value).toHaveLength(2);
  });

  it('that cannot be loaded leaves the store saying why', async () => {
    const { backend, faults } = disturbed();
    faults.list = new Error('disk on fire');
    const store = createStateStore({ backend, clock: systemClock });
    onTestFinished(() => store.close());
    await expect(store.ready).rejects.toThrow('disk on fire');
    await expect(store.transact('put', () => undefined)).rejects.toThrow('disk on fire');
    expect(() => store.read(kvPrefix, '')).toThrow('disk on fire');
  });
});

describe('a closed store', () => {
  it('refuses reads and writes with a sentence', async () => {
    const store = await openStore(createMemoryBackend());
    await store.close();
    await expect(store.transact('put', (transaction) => transaction.put('kv', kv('a')))).rejects.toMatchObject({
      code: 'unavailable',
    });
    expect(() => store.view.get('kv', 'a')).toThrow('The store is closed');
    expect(() => store.read(kvPrefix, '')).toThrow('The store is closed');
  });
});
