import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { systemClock } from '../../../src/core/index.js';
import { deleteKvTree, deleteTree, putKv } from '../../../src/discovery/kv/index.js';
import { createMemoryBackend, createStateStore, type StateStore } from '../../../src/state/index.js';

let store: StateStore;
beforeEach(async () => {
  store = createStateStore({ backend: createMemoryBackend(), clock: systemClock });
  await store.ready;
});
afterEach(() => store.close());

const write = (keys: readonly string[], value = 'v') =>
  store.transact('write', (transaction) =>
    keys.forEach((key) => putKv(transaction, { key, value: Buffer.from(value), flags: '0' })),
  );
const names = (prefix: string, count: number) =>
  Array.from({ length: count }, (_, at) => `${prefix}${String(at).padStart(5, '0')}`);
const left = (prefix = '') => store.first('kv', 'prefix', [prefix], 10_000).map(({ key }) => key);
const nextTurn = () => new Promise<void>((resolve) => setImmediate(resolve));

describe('deleting a tree', () => {
  test('of up to a thousand keys is one transaction', async () => {
    await write([...names('a/', 1_000), 'b']);
    const before = store.index;
    await deleteTree(store, 'a/', nextTurn);
    expect([left(), store.index]).toEqual([['b'], before + 1]);
  });

  test('of more lets others have their turn, and leaves what is written meanwhile', async () => {
    await write([...names('a/', 3_000), 'b']);
    let turns = 0;
    await deleteTree(store, 'a/', async () => {
      turns += 1;
      // A new key before all others, one that was there and has its turn later, and one after all.
      if (turns === 2) await write(['a/!', 'a/02999', 'a/zzz'], 'new');
      await nextTurn();
    });
    expect(left()).toEqual(['a/!', 'a/02999', 'a/zzz', 'b']);
    expect(turns).toBeGreaterThan(20);
  });

  test('ends although very many are written meanwhile', async () => {
    await write(names('a/', 1_500));
    let turns = 0;
    await deleteTree(store, 'a/', async () => {
      turns += 1;
      if (turns === 1) await write(names('a/!', 700));
      await nextTurn();
    });
    expect(left()).toEqual(names('a/!', 700));
  });

  test('of more than a thousand keys is no part of a transaction', async () => {
    await write(names('a/', 1_001));
    await expect(store.transact('t', (transaction) => deleteKvTree(transaction, 'a/'))).rejects.toThrow(
      /more than 1000 keys below "a\/".*DELETE \/v1\/kv\/a\/\?recurse/,
    );
    expect(left('a/')).toHaveLength(1_001);
  });
});
