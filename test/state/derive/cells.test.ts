import { describe, expect, it } from 'vitest';
import type { Cell, MeshView } from '../../../src/model/index.js';
import { createMemoryBackend } from '../../../src/state/index.js';
import { openStore } from '../support/engines.js';
import { ManualClock } from '../support/manual-clock.js';
import { kv, kvPrefix, recordCell, service, servicesByName } from '../support/records.js';
import type { StateStore } from '../../../src/state/index.js';

const open = (options = {}): Promise<StateStore> => openStore(createMemoryBackend(), options);
const put = (store: StateStore, key: string, value: string): Promise<unknown> =>
  store.transact('put', (transaction) => transaction.put('kv', kv(key, value)));
const numberAt = (view: MeshView, key: string): number => Number(view.get('kv', key)?.value ?? 0);

describe('cells', () => {
  it('show one revision to a computation that reads the same thing on two ways', async () => {
    const store = await open();
    const left: Cell<number> = { kind: 'left', compute: (view) => numberAt(view, 'a') };
    const right: Cell<number> = { kind: 'right', compute: (view) => numberAt(view, 'a') * 10 };
    const seen: string[] = [];
    const both: Cell<string> = {
      kind: 'both',
      compute: (view) => {
        const text = `${view.cell(left, '')} ${view.cell(right, '')}`;
        seen.push(text);
        return text;
      },
    };
    const told: string[] = [];
    store.subscribe(both, '', (value) => told.push(value));
    await put(store, 'a', '1');
    await put(store, 'a', '2');
    expect(told).toEqual(['0 0', '1 10', '2 20']);
    expect(seen).toEqual(told);
  });

  it('wake those who waited for something that did not exist', async () => {
    const store = await open();
    const told: (string | undefined)[] = [];
    store.subscribe(recordCell('kv'), 'later', (record) => told.push(record?.value));
    await put(store, 'other', '1');
    await put(store, 'later', '2');
    expect(told).toEqual([undefined, '2']);
  });

  it('are told in one pass after a burst of commits', async () => {
    const store = await open();
    const told: number[] = [];
    store.subscribe(kvPrefix, 'a', (rows) => told.push(rows.length));
    const passes: number[] = [];
    store.onFlushed((index) => passes.push(index));
    const before = store.counters.cellsComputed;
    await Promise.all(Array.from({ length: 100 }, (_, at) => put(store, `a${at}`, '1')));
    expect(told).toEqual([0, 100]);
    expect(passes).toEqual([store.index]);
    expect(store.counters.cellsComputed - before).toBe(1);
  });

  it('compute nothing when a commit touches nothing they read', async () => {
    const store = await open();
    store.subscribe(kvPrefix, 'a/', () => undefined);
    const before = { ...store.counters };
    await put(store, 'b/x', '1');
    await put(store, 'a', '1');
    expect(store.counters).toMatchObject({ cellsComputed: before.cellsComputed, flushes: before.flushes });
  });

  it('keep the object they had when the new one is equal', async () => {
    const store = await open();
    const names: Cell<readonly string[]> = {
      kind: 'names',
      compute: (view) => view.cell(kvPrefix, '').map(({ key }) => key),
    };
    await put(store, 'a', '1');
    const first = store.read(names, '').value;
    await put(store, 'a', '2');
    const second = store.read(names, '');
    expect(second.value).toBe(first);
    expect(second.index).toBe(store.index);
  });

  it('compare with the equality they bring', async () => {
    const store = await open();
    const told: number[] = [];
    const rough: Cell<number> = {
      kind: 'rough',
      compute: (view) => numberAt(view, 'a'),
      equals: (left, right) => Math.floor(left / 10) === Math.floor(right / 10),
    };
    store.subscribe(rough, '', (value) => told.push(value));
    await put(store, 'a', '7');
    await put(store, 'a', '12');
    await put(store, 'a', '15');
    expect(told).toEqual([0, 12]);
  });

  it('do not tell a subscriber a value that went and came back between two passes', async () => {
    const store = await open();
    await put(store, 'a', '1');
    const value: Cell<number> = { kind: 'value', compute: (view) => numberAt(view, 'a') };
    const told: number[] = [];
    store.subscribe(value, '', (current) => told.push(current));
    const reads: number[] = [];
    store.commits$.subscribe(() => reads.push(store.read(value, '').value));
    await Promise.all([put(store, 'a', '2'), put(store, 'a', '1')]);
    expect(reads).toEqual([2, 1]);
    expect(told).toEqual([1]);
  });

  it('that fail keep the last good value for subscribers, throw for readers, and leave others alone', async () => {
    const store = await open();
    const strict: Cell<number> = {
      kind: 'strict',
      compute: (view) => {
        const value = numberAt(view, 'a');
        if (value < 0) throw new RangeError(`negative: ${value}`);
        return value;
      },
    };
    const above: Cell<string> = { kind: 'above', compute: (view) => `is ${view.cell(strict, '')}` };
    const careful: Cell<string> = {
      kind: 'careful',
      compute: (view) => {
        try {
          return view.cell(above, '');
        } catch (thrown) {
          return `failed: ${(thrown as Error).message}`;
        }
      },
    };
    const told: string[] = [];
    const toldCarefully: string[] = [];
    store.subscribe(above, '', (value) => told.push(value));
    store.subscribe(careful, '', (value) => toldCarefully.push(value));
    await put(store, 'a', '1');
    await put(store, 'a', '-1');
    expect(() => store.read(above, '')).toThrow('negative: -1');
    expect(store.problems().map(({ kind, error }) => `${kind}: ${error.message}`)).toEqual([
      'above: negative: -1',
      'strict: negative: -1',
    ]);
    await put(store, 'a', '-2');
    await put(store, 'a', '1');
    await put(store, 'a', '3');
    expect(told).toEqual(['is 0', 'is 1', 'is 3']);
    expect(toldCarefully).toEqual(['is 0', 'is 1', 'failed: negative: -1', 'failed: negative: -2', 'is 1', 'is 3']);
    expect(store.problems()).toEqual([]);
  });

  it('that need their own value fail with the path, and work again when the cycle is gone', async () => {
    const store = await open();
    const next: Cell<string> = {
      kind: 'next',
      compute: (view, key) => {
        const target = view.get('kv', key)?.value;
        return target ? `${key} ${view.cell(next, target)}` : key;
      },
    };
    const told: string[] = [];
    await put(store, 'a', 'b');
    store.subscribe(next, 'a', (value) => told.push(value));
    await put(store, 'b', 'c');
    await put(store, 'c', 'a');
    expect(() => store.read(next, 'a')).toThrow(/needs its own value: next . -> next . -> next . -> next .\./);
    expect(() => store.read(next, 'b')).toThrow('needs its own value');
    await put(store, 'c', 'd');
    expect(store.read(next, 'b').value).toBe('b c d');
    expect(told).toEqual(['a b', 'a b c', 'a b c d']);
    expect(() =>
      store.whatIf(
        (transaction) => transaction.put('kv', kv('d', 'a')),
        (view) => view.cell(next, 'a'),
      ),
    ).toThrow('needs its own value');
  });

  it('whose equality fails count as failed and harm nobody else', async () => {
    const store = await open();
    const fragile: Cell<number> = {
      kind: 'fragile',
      compute: (view) => numberAt(view, 'a'),
      equals: (left, right) => {
        if (right === 1) throw new Error('cannot compare');
        return left === right;
      },
    };
    const told: number[] = [];
    store.subscribe(fragile, '', (value) => told.push(value));
    const others: number[] = [];
    store.subscribe(kvPrefix, '', (rows) => others.push(rows.length));
    await put(store, 'a', '1');
    expect(() => store.read(fragile, '')).toThrow('cannot compare');
    await put(store, 'a', '2');
    expect(told).toEqual([0, 2]);
    expect(others).toEqual([0, 1, 1]);
  });

  it('refuse two computations under one kind', async () => {
    const store = await open();
    store.read({ kind: 'same', compute: () => 1 }, '');
    expect(() => store.read({ kind: 'same', compute: () => 2 }, '')).toThrow('share the cell kind same');
  });

  it('refuse a computation that reads its view after it returned', async () => {
    const store = await open();
    let kept: MeshView | undefined;
    store.read({ kind: 'leaky', compute: (view) => ((kept = view), 1) }, '');
    expect(() => kept?.get('kv', 'a')).toThrow('after it had returned');
  });

  it('go on being told although another subscriber throws', async () => {
    const problems: string[] = [];
    const store = await open({ onProblem: (error: Error) => problems.push(error.message) });
    const told: number[] = [];
    store.subscribe(kvPrefix, '', (rows) => {
      if (rows.length > 0) throw new Error('subscriber fault');
    });
    store.subscribe(kvPrefix, '', (rows) => told.push(rows.length));
    await put(store, 'a', '1');
    expect(told).toEqual([0, 1]);
    expect(problems).toEqual(['subscriber fault']);
  });

  it('can be subscribed to and left while subscribers are told', async () => {
    const store = await open();
    const told: string[] = [];
    let stopSecond = (): void => undefined;
    let nested = false;
    store.subscribe(kvPrefix, '', (rows) => {
      told.push(`first ${rows.length}`);
      if (rows.length === 0) return;
      stopSecond();
      if (!nested) store.subscribe(kvPrefix, '', (inner) => told.push(`nested ${inner.length}`));
      nested = true;
    });
    stopSecond = store.subscribe(kvPrefix, '', (rows) => told.push(`second ${rows.length}`));
    await put(store, 'a', '1');
    await put(store, 'b', '1');
    expect(told).toEqual(['first 0', 'second 0', 'first 1', 'nested 1', 'first 2', 'nested 2']);
  });

  it('are observables too', async () => {
    const store = await open();
    const seen: number[] = [];
    const subscription = store.cell$(kvPrefix, '').subscribe((rows) => seen.push(rows.length));
    await put(store, 'a', '1');
    subscription.unsubscribe();
    await put(store, 'b', '1');
    expect(seen).toEqual([0, 1]);
  });
});

describe('memory of cells', () => {
  it('is given back a while after the last use, those below included', async () => {
    const clock = new ManualClock();
    const store = await open({ clock });
    const count: Cell<number> = { kind: 'count', compute: (view, name) => view.cell(servicesByName, name).length };
    const stop = store.subscribe(count, 'web', () => undefined);
    store.read(count, 'api');
    expect(store.sizes.cells).toBe(4);
    clock.advance(200_000);
    expect(store.sizes.cells).toBe(2);
    stop();
    clock.advance(30_000);
    expect(store.sizes.cells).toBe(2);
    clock.advance(200_000);
    expect(store.sizes.cells).toBe(0);
    expect(clock.pending).toBe(0);
    await store.transact('put', (transaction) => transaction.put('services', service('n', 'web')));
    expect(store.read(count, 'web').value).toBe(1);
  });

  it('does not grow with the number of different reads that are made once', async () => {
    const store = await open();
    for (let at = 0; at < 25_000; at += 1) store.read(recordCell('kv'), `key-${at}`);
    expect(store.sizes.cells).toBeLessThanOrEqual(20_000);
  });
});

describe('one changed endpoint in a large mesh', () => {
  it('recomputes the endpoint set and nothing of the proxies that name it', async () => {
    const store = await open();
    const SERVICES = 2000;
    const PROXIES = 1000;
    await store.transact('fill', (transaction) => {
      for (let name = 0; name < SERVICES; name += 1)
        for (let instance = 0; instance < (name === 7 ? 100 : 2); instance += 1)
          transaction.put('services', service(`n${instance}`, `s${name}`, { port: 1000 + instance }));
    });
    const endpoints: Cell<readonly string[]> = {
      kind: 'endpoints',
      compute: (view, name) => view.range('services', 'byName', [name]).map(({ node, port }) => `${node}:${port}`),
    };
    const cluster: Cell<string> = {
      kind: 'cluster',
      compute: (view, name) => (view.cell(endpoints, name).length > 0 ? `cluster ${name}` : 'none'),
    };
    const needs: Cell<readonly string[]> = {
      kind: 'needs',
      compute: (view, proxy) =>
        Array.from({ length: 20 }, (_, at) => view.cell(cluster, `s${(Number(proxy) + at * 7) % SERVICES}`)),
    };
    let told = 0;
    for (let proxy = 0; proxy < PROXIES; proxy += 1) store.subscribe(needs, `${proxy}`, () => (told += 1));
    const endpointValues: number[] = [];
    store.subscribe(endpoints, 's7', (list) => endpointValues.push(list.length));
    const before = { ...store.counters };
    told = 0;
    await store.transact('change', (transaction) => transaction.put('services', service('n3', 's7', { port: 9999 })));
    expect(store.counters.cellsComputed - before.cellsComputed).toBe(2);
    expect(told).toBe(0);
    expect(endpointValues).toEqual([100, 100]);
    await store.transact('same', (transaction) => transaction.put('services', service('n3', 's7', { port: 9999 })));
    expect(store.counters.cellsComputed - before.cellsComputed).toBe(2);
  });
});
