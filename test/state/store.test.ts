import { afterEach, describe, expect, it } from 'vitest';
import { AppError, systemClock } from '../../src/core/index.js';
import { serviceKey } from '../../src/model/index.js';
import type { Cell } from '../../src/model/index.js';
import { type StateStore, createMemoryBackend, createStateStore } from '../../src/state/index.js';
import { kv, kvPrefix, node, recordCell, service, servicesByName } from './support/records.js';

const stores: StateStore[] = [];
afterEach(async () => {
  await Promise.all(stores.splice(0).map((store) => store.close()));
});

async function openStore(): Promise<StateStore> {
  const store = createStateStore({ backend: createMemoryBackend(), clock: systemClock });
  stores.push(store);
  await store.ready;
  return store;
}

describe('the store', () => {
  it('shows a written record with its revisions', async () => {
    const store = await openStore();
    const { index } = await store.transact('put', (transaction) => transaction.put('nodes', node('n1')));
    expect(store.view.get('nodes', 'n1')).toMatchObject({ node: 'n1', createIndex: index, modifyIndex: index });
    expect(store.index).toBe(index);
  });

  it('finds records by every prefix of an index, in the order of their keys', async () => {
    const store = await openStore();
    await store.transact('put', (transaction) => {
      for (const name of ['b', 'a', 'c']) transaction.put('services', service(name, 'web'));
      transaction.put('services', service('a', 'api'));
    });
    const nodesOf = (name: string): string[] => store.view.range('services', 'byName', [name]).map((row) => row.node);
    expect(nodesOf('web')).toEqual(['a', 'b', 'c']);
    expect(nodesOf('api')).toEqual(['a']);
    expect(store.view.range('services', 'byName', []).map((row) => `${row.node}/${row.id}`)).toEqual([
      'a/api',
      'a/web',
      'b/web',
      'c/web',
    ]);
    expect(store.view.range('services', 'all', [])).toHaveLength(4);
  });

  it('does not write an equal record', async () => {
    const store = await openStore();
    const first = await store.transact('put', (transaction) => transaction.put('nodes', node('n1')));
    const second = await store.transact('put', (transaction) => transaction.put('nodes', node('n1')));
    expect(second.index).toBe(first.index);
    expect(store.counters.commits).toBe(1);
  });

  it('lets a transaction see its own writes and writes nothing when it throws', async () => {
    const store = await openStore();
    await expect(
      store.transact('put', (transaction) => {
        transaction.put('kv', kv('a'));
        expect(transaction.range('kv', 'prefix', ['']).map(({ key }) => key)).toEqual(['a']);
        throw new AppError('conflict', 'no');
      }),
    ).rejects.toThrow('no');
    expect(store.view.range('kv', 'prefix', [''])).toEqual([]);
  });

  it('wakes a subscriber once for a burst and not at all for an equal result', async () => {
    const store = await openStore();
    const seen: number[] = [];
    store.subscribe(servicesByName, 'web', (rows) => seen.push(rows.length));
    expect(seen).toEqual([0]);
    await Promise.all(
      ['a', 'b', 'c'].map((name) =>
        store.transact('put', (transaction) => transaction.put('services', service(name, 'web'))),
      ),
    );
    expect(seen).toEqual([0, 3]);
    await store.transact('put', (transaction) => transaction.put('services', service('a', 'api')));
    expect(seen).toEqual([0, 3]);
  });

  it('stops the wave at a cell whose value stays equal', async () => {
    const store = await openStore();
    const count: Cell<number> = { kind: 'count', compute: (view, name) => view.cell(servicesByName, name).length };
    const text: Cell<string> = { kind: 'text', compute: (view, name) => `${view.cell(count, name)}` };
    const seen: string[] = [];
    store.subscribe(text, 'web', (value) => seen.push(value));
    await store.transact('put', (transaction) => transaction.put('services', service('a', 'web')));
    const before = store.counters.cellsComputed;
    await store.transact('put', (transaction) => transaction.put('services', service('a', 'web', { port: 81 })));
    expect(seen).toEqual(['0', '1']);
    expect(store.counters.cellsComputed - before).toBe(2);
  });

  it('answers a blocking query when what it read changes', async () => {
    const store = await openStore();
    const first = await store.transact('put', (transaction) => transaction.put('kv', kv('p/a')));
    const answer = store.query(kvPrefix, 'p/', { index: first.index, waitMs: 10_000 });
    await store.transact('put', (transaction) => transaction.put('kv', kv('q')));
    const second = await store.transact('put', (transaction) => transaction.put('kv', kv('p/b')));
    expect(await answer).toMatchObject({ index: second.index, value: [{ key: 'p/a' }, { key: 'p/b' }] });
  });

  it('raises the index of a range, and of an absent key, when a record leaves it', async () => {
    const store = await openStore();
    await store.transact('put', (transaction) => {
      transaction.put('kv', kv('p/a'));
      transaction.put('kv', kv('p/b'));
    });
    const { index } = await store.transact('delete', (transaction) => transaction.delete('kv', 'p/b'));
    expect(store.read(kvPrefix, 'p/').index).toBe(index);
    expect(store.read(kvPrefix, 'p/a').index).toBeLessThan(index);
    expect(store.read(recordCell('kv'), 'p/b')).toEqual({ value: undefined, index });
    expect(store.read(recordCell('kv'), 'never')).toEqual({ value: undefined, index: 1 });
  });

  it('computes what would be over an overlay without storing it', async () => {
    const store = await openStore();
    await store.transact('put', (transaction) => transaction.put('services', service('a', 'web')));
    const length = store.whatIf(
      (transaction) => transaction.put('services', service('b', 'web')),
      (view) => view.cell(servicesByName, 'web').length,
    );
    expect(length).toBe(2);
    expect(store.read(servicesByName, 'web').value).toHaveLength(1);
  });

  it('tells which records a value came from', async () => {
    const store = await openStore();
    await store.transact('put', (transaction) => transaction.put('services', service('a', 'web')));
    const { reads } = store.trace((view) => view.cell(servicesByName, 'web'));
    expect(reads).toEqual([{ table: 'services', key: serviceKey('a', 'web') }]);
  });
});
