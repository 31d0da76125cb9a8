import { describe, expect, it } from 'vitest';
import { systemClock, tupleKey } from '../../src/core/index.js';
import { checkKey, serviceKey } from '../../src/model/index.js';
import type { Cell, CheckRecord } from '../../src/model/index.js';
import { createEmbeddedBackend } from '../../src/state/backend/embedded/index.js';
import { type StateStore, createMemoryBackend, createStateStore, raiseIndexTo } from '../../src/state/index.js';
import { openStore, sharedBackend, temporaryFolder } from './support/engines.js';
import { check, kv, kvPrefix, node, recordCell, service, servicesByName } from './support/records.js';

const open = (): Promise<StateStore> => openStore(createMemoryBackend());
const put = async (store: StateStore, ...keys: string[]): Promise<number> =>
  (
    await store.transact('put', (transaction) =>
      keys.forEach((key) => transaction.put('kv', kv(key, `${Math.random()}`))),
    )
  ).index;
const remove = async (store: StateStore, key: string): Promise<number> =>
  (await store.transact('delete', (transaction) => transaction.delete('kv', key))).index;
const criticalChecks: Cell<readonly CheckRecord[]> = {
  kind: 'critical',
  compute: (view) => view.range('checks', 'byStatus', ['critical']),
};

describe('the index of an answer', () => {
  it('is 1, never 0, when nothing was ever there', async () => {
    const store = await open();
    expect(store.index).toBe(1);
    expect(store.read(kvPrefix, 'a').index).toBe(1);
    await put(store, 'b');
    expect(store.read(kvPrefix, 'a').index).toBe(1);
  });

  it('is the greatest of the records it read, not that of the store', async () => {
    const store = await open();
    const first = await put(store, 'p/a');
    const second = await put(store, 'p/b');
    await put(store, 'q');
    expect(store.read(kvPrefix, 'p/a').index).toBe(first);
    expect(store.read(kvPrefix, 'p/').index).toBe(second);
  });

  it('counts records that the computation read and left out', async () => {
    const store = await open();
    const large: Cell<number> = {
      kind: 'large',
      compute: (view) => view.range('kv', 'prefix', ['']).filter(({ value }) => value === 'large').length,
    };
    const index = await put(store, 'a');
    expect(store.read(large, '')).toEqual({ value: 0, index });
  });

  it('rises for the prefixes that a deleted key had, for every one of them, and for no other', async () => {
    const store = await open();
    const before = await put(store, 'a/b/c', 'a/x', 'z');
    const index = await remove(store, 'a/b/c');
    for (const prefix of ['', 'a', 'a/', 'a/b', 'a/b/c']) expect(store.read(kvPrefix, prefix).index).toBe(index);
    for (const prefix of ['a/x', 'z']) expect(store.read(kvPrefix, prefix).index).toBe(before);
    expect(store.read(kvPrefix, 'a/b/c/d').index).toBe(1);
  });

  it('rises for the range that a record moved out of', async () => {
    const store = await open();
    await store.transact('put', (transaction) => {
      transaction.put('checks', check('n', 'one', { status: 'critical' }));
      transaction.put('checks', check('n', 'two', { status: 'critical' }));
    });
    const { index } = await store.transact('recover', (transaction) =>
      transaction.put('checks', check('n', 'one', { status: 'passing' })),
    );
    expect(store.read(criticalChecks, '')).toMatchObject({ index, value: [{ checkId: 'two' }] });
  });

  it('of an absent record is that of its deletion, and of its new life when it is made again', async () => {
    const store = await open();
    const created = (await store.transact('put', (transaction) => transaction.put('services', service('n', 'web'))))
      .index;
    const key = serviceKey('n', 'web');
    expect(store.read(recordCell('services'), key).index).toBe(created);
    const { index } = await store.transact('delete', (transaction) => transaction.delete('services', key));
    expect(store.read(recordCell('services'), key)).toEqual({ value: undefined, index });
    expect(store.read(recordCell('services'), serviceKey('n', 'we')).index).toBe(1);
    const again = await store.transact('put', (transaction) => transaction.put('services', service('n', 'web')));
    expect(store.read(recordCell('services'), key)).toMatchObject({
      index: again.index,
      value: { createIndex: again.index, modifyIndex: again.index },
    });
  });

  it('keeps the create index of a record that is changed', async () => {
    const store = await open();
    const created = await put(store, 'a');
    const modified = await put(store, 'a');
    expect(store.view.get('kv', 'a')).toMatchObject({ createIndex: created, modifyIndex: modified });
  });

  it('includes what cells below read, although their value stayed equal', async () => {
    const store = await open();
    const count: Cell<number> = { kind: 'count', compute: (view, prefix) => view.cell(kvPrefix, prefix).length };
    await put(store, 'a');
    const parity: Cell<boolean> = { kind: 'parity', compute: (view) => view.cell(count, '') % 2 === 0 };
    expect(store.read(parity, '').value).toBe(false);
    const index = await put(store, 'a');
    expect(store.read(parity, '')).toEqual({ value: false, index });
  });

  it('leaves no mark for a record that is replaced, or made and deleted in one transaction', async () => {
    const store = await open();
    await store.transact('put', (transaction) => {
      transaction.put('kv', kv('a'));
      transaction.delete('kv', 'a');
    });
    expect(store.index).toBe(1);
    await put(store, 'a');
    await put(store, 'a');
    expect(store.view.get('marks', tupleKey('kv', 'prefix', 'a'))).toBeUndefined();
  });

  it('counts each deregistered service for each of its ranges', async () => {
    const store = await open();
    await store.transact('register', (transaction) => {
      transaction.put('nodes', node('N1'));
      transaction.put('services', service('N1', 'web'));
      transaction.put('services', service('N1', 'api'));
      transaction.put('checks', check('N1', 'c', { serviceId: 'web', serviceName: 'web' }));
    });
    const before = store.read(servicesByName, 'api').index;
    const { index } = await store.transact('deregister', (transaction) => {
      transaction.delete('services', serviceKey('n1', 'web'));
      transaction.delete('checks', checkKey('n1', 'c'));
    });
    const indexOf = (table: 'services' | 'checks', name: string, prefix: string[]): number =>
      store.read(
        { kind: `range ${table} ${name} ${prefix.join('/')}`, compute: (view) => view.range(table, name, prefix) },
        '',
      ).index;
    expect(indexOf('services', 'byName', ['web'])).toBe(index);
    expect(indexOf('services', 'byName', [])).toBe(index);
    expect(indexOf('services', 'byNode', ['n1'])).toBe(index);
    expect(indexOf('services', 'all', [])).toBe(index);
    expect(indexOf('checks', 'byInstance', ['n1'])).toBe(index);
    expect(indexOf('checks', 'byInstance', ['n1', 'web'])).toBe(index);
    expect(indexOf('checks', 'byInstance', ['n1', 'api'])).toBe(1);
    expect(indexOf('services', 'byName', ['api'])).toBe(before);
  });
});

describe('after a restart', () => {
  it('answers have the index they had', async () => {
    const path = temporaryFolder();
    const first = await openStore(createEmbeddedBackend({ path }));
    await put(first, 'a', 'b', 'p/x');
    await remove(first, 'p/x');
    await put(first, 'c');
    const cells = ['', 'a', 'p/', 'p/x', 'q'];
    const before = cells.map((prefix) => first.read(kvPrefix, prefix));
    const { index } = first;
    await first.close();
    const second = await openStore(createEmbeddedBackend({ path }));
    expect(cells.map((prefix) => second.read(kvPrefix, prefix))).toEqual(before);
    expect(second.index).toBe(index);
    expect(await put(second, 'd')).toBe(index + 1);
  });

  it('a client that waited when the server died sees the delete that happened meanwhile', async () => {
    const path = temporaryFolder();
    const first = await openStore(createEmbeddedBackend({ path }));
    await put(first, 'p/a', 'p/b');
    const { index } = first.read(kvPrefix, 'p/');
    const parked = first.query(kvPrefix, 'p/', { index, waitMs: 60_000 }).then(
      () => 'answered',
      (error: Error) => error.message,
    );
    // The server goes down in the turn in which the delete is durable: nobody is woken any more.
    first.commits$.subscribe(() => void first.close());
    const deleted = await remove(first, 'p/a').catch(() => first.index);
    expect(await parked).toContain('closing');
    const second = await openStore(createEmbeddedBackend({ path }));
    const answer = await second.query(kvPrefix, 'p/', { index, waitMs: 60_000 });
    expect(answer).toMatchObject({ value: [{ key: 'p/b' }] });
    expect(answer.index).toBeGreaterThanOrEqual(deleted);
    const absent = await second.query(recordCell('kv'), 'p/a', { index, waitMs: 60_000 });
    expect(absent).toEqual({ value: undefined, index: answer.index });
  });
});

describe('marks', () => {
  it('that are reaped raise the floor of every index, so that none goes back', async () => {
    const backend = createMemoryBackend();
    const store = await openStore(backend);
    await put(store, ...Array.from({ length: 100 }, (_, at) => `p/${at}`));
    let last = 0;
    for (let at = 0; at < 100; at += 1) last = await remove(store, `p/${at}`);
    const before = store.read(kvPrefix, 'p/').index;
    expect(before).toBe(last);
    const kept = await put(store, 'q');
    expect(await store.reapMarks(last)).toBeGreaterThan(90);
    expect(await store.reapMarks(last)).toBe(0);
    const after = store.read(kvPrefix, 'p/').index;
    expect(after).toBe(before);
    expect(store.read(kvPrefix, 'never').index).toBeGreaterThan(1);
    expect(store.read(kvPrefix, 'never').index).toBeLessThan(last);
    expect(store.read(kvPrefix, 'q').index).toBe(kept);
    const again = createStateStore({ backend: sharedBackend(backend), clock: systemClock });
    await again.ready;
    expect(again.read(kvPrefix, 'p/').index).toBe(after);
    expect(again.read(kvPrefix, 'never').index).toBe(store.read(kvPrefix, 'never').index);
    await again.close();
  });
});

describe('the index base', () => {
  it('makes every index greater than one seen elsewhere, now and after a restart', async () => {
    const path = temporaryFolder();
    const store = await openStore(createEmbeddedBackend({ path }));
    await put(store, 'a');
    await remove(store, 'a');
    await put(store, 'b');
    const told: number[] = [];
    store.subscribe(kvPrefix, '', (_rows, index) => told.push(index));
    const raised = await raiseIndexTo(store, 5000);
    expect(raised).toBe(5001);
    expect(await raiseIndexTo(store, 4000)).toBe(5001);
    expect(store.index).toBe(5001);
    expect(store.view.get('kv', 'b')?.modifyIndex).toBeGreaterThan(4990);
    expect(store.read(recordCell('kv'), 'a').index).toBeGreaterThan(4990);
    const next = await put(store, 'c');
    expect(next).toBe(5002);
    expect(told.at(-1)).toBe(5002);
    await store.close();
    const again = await openStore(createEmbeddedBackend({ path }));
    expect(again.index).toBe(5002);
    expect(again.read(kvPrefix, '').index).toBe(5002);
  });
});
