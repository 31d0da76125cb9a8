import { describe, expect, test } from 'vitest';
import { type StateStore, RestoredState, createMemoryBackend } from '../../../src/state/index.js';
import { ManualClock } from '../support/manual-clock.js';
import { engines, openStore } from '../support/engines.js';
import { check, kv, kvPrefix, node, recordCell, service } from '../support/records.js';

/** What a store saves, as another would read it from a file. */
function saved(store: StateStore): { readonly state: RestoredState; readonly index: number } {
  const capture = store.capture();
  const state = new RestoredState();
  for (const { table, key, value } of capture.records())
    state.add(table, key, JSON.parse(value) as Record<string, unknown>);
  return { state, index: capture.index };
}
const restore = (store: StateStore, { state, index }: ReturnType<typeof saved>) =>
  store.restore(state, index, (_transaction, replace) => replace());
const put = (store: StateStore, key: string, value: string) =>
  store.transact('put', (transaction) => transaction.put('kv', kv(key, value)));
const value = (store: StateStore, key: string) => store.view.get('kv', key)?.value;

describe.each(Object.keys(engines))('a saved state, over the engine %s', (engine) => {
  const open = (): Promise<StateStore> =>
    openStore((engines[engine] as () => ReturnType<typeof createMemoryBackend>)());

  test('is what the store holds again after it is restored', async () => {
    const store = await open();
    await store.transact('fill', (transaction) => {
      transaction.put('nodes', node('a'));
      transaction.put('services', service('a', 'web'));
      transaction.put('checks', check('a', 'c'));
      transaction.put('kv', kv('kept', '1'));
      transaction.put('kv', kv('changed', '1'));
      transaction.put('kv', kv('deleted', '1'));
    });
    const before = saved(store);
    const kept = store.view.get('kv', 'kept');
    await put(store, 'changed', '2');
    await put(store, 'new', '2');
    await store.transact('delete', (transaction) => {
      transaction.delete('kv', 'deleted');
      transaction.delete('services', 'a\u0000web\u0000');
    });
    await restore(store, before);
    expect(['kept', 'changed', 'deleted', 'new'].map((key) => value(store, key))).toEqual(['1', '1', '1', undefined]);
    expect(store.view.range('services', 'byName', ['web'])).toHaveLength(1);
    expect(store.view.get('kv', 'kept')).toEqual(kept);
  });
});

describe('after a restore', () => {
  const open = (): Promise<StateStore> => openStore(createMemoryBackend());

  test('no answer has an index that was seen before, in this state or in the saved one', async () => {
    const old = await open();
    for (let at = 0; at < 50; at++) await put(old, 'a', String(at));
    const store = await open();
    await put(store, 'b', '1');
    const { index } = await restore(store, saved(old));
    expect(index).toBeGreaterThan(old.index);
    expect(store.index).toBe(index);
    for (const key of ['a', 'b', 'never']) expect(store.read(recordCell('kv'), key).index).toBeGreaterThan(old.index);
    const again = await put(store, 'c', '1');
    expect(again.index).toBeGreaterThan(index);
  });

  test('every parked query ends, also where nothing has changed and where nothing is', async () => {
    const clock = new ManualClock();
    const store = await openStore(createMemoryBackend(), { clock });
    await put(store, 'a', '1');
    const state = saved(store);
    const wait = (prefix: string) => store.query(kvPrefix, prefix, { index: store.index, waitMs: 600_000 });
    const waiting = [wait('a'), wait('nothing')];
    await new Promise((resolve) => setImmediate(resolve));
    expect(store.sizes.parkedQueries).toBe(2);
    const { index } = await restore(store, state);
    const answers = await Promise.all(waiting);
    expect(answers.map((answer) => answer.index)).toEqual([index, index]);
    expect(answers.map((answer) => answer.value.length)).toEqual([1, 0]);
  });

  test('cells whose value is the same tell nobody', async () => {
    const store = await open();
    await put(store, 'a', '1');
    const state = saved(store);
    const told: unknown[] = [];
    store.subscribe({ kind: 'value', compute: (view) => view.get('kv', 'a')?.value }, '', (now) => told.push(now));
    await put(store, 'b', '1');
    await restore(store, state);
    expect(told).toEqual(['1']);
  });

  test('what was accepted and not yet applied is gone too', async () => {
    const store = await open();
    await put(store, 'a', '1');
    const state = saved(store);
    const [, restored] = await Promise.all([put(store, 'late', '1'), restore(store, state)]);
    expect(value(store, 'late')).toBeUndefined();
    expect(restored.index).toBe(store.index);
  });

  test('listeners are told once, and the state has another epoch', async () => {
    const store = await open();
    let told = 0;
    const before = store.epoch;
    const forget = store.onRestored(() => void (told += 1));
    await put(store, 'a', '1');
    expect(store.epoch).toBe(before);
    await restore(store, saved(store));
    expect(told).toBe(1);
    expect(store.epoch).not.toBe(before);
    forget();
    await restore(store, saved(store));
    expect(told).toBe(1);
  });

  test('what was captured is not changed by later writes', async () => {
    const store = await open();
    await put(store, 'a', '1');
    const capture = store.capture();
    await put(store, 'a', '2');
    await put(store, 'b', '2');
    expect(
      [...capture.records()].map(({ key, value: text }) => [key, (JSON.parse(text) as { value: string }).value]),
    ).toEqual([['a', '1']]);
    expect(capture.counts).toEqual({ kv: 1 });
  });
});

describe('a saved record', () => {
  test.each([
    ['of an unknown table', ['sheep', 'a', { v: 1 }], /does not know/],
    [
      'of a table about the store itself',
      ['system', 'index-base', { v: 1, name: 'index-base', value: 5 }],
      /does not know/,
    ],
    ['under a wrong key', ['kv', 'a', { v: 1, key: 'b' }], /damaged/],
    ['without what its table needs', ['services', 'a', { v: 1 }], /damaged/],
    ['of a newer version', ['kv', 'a', { v: 99, key: 'a' }], /newer version \(99/],
  ] as const)('%s is refused', (_what, [table, key, record], problem) => {
    expect(() => new RestoredState().add(table, key, record)).toThrow(problem);
  });

  test('is refused when it comes twice', () => {
    const state = new RestoredState();
    state.add('kv', 'a', { v: 1, ...kv('a', '1') });
    expect(() => state.add('kv', 'a', { v: 1, ...kv('a', '1') })).toThrow(/twice/);
  });
});
