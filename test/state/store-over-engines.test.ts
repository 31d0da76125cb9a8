import { describe, expect, it } from 'vitest';
import { AppError } from '../../src/core/index.js';
import type { Cell, SystemRecord } from '../../src/model/index.js';
import type { StateStore, Transaction } from '../../src/state/index.js';
import { engines, openStore } from './support/engines.js';
import { HostileEngine } from './support/hostile-backend.js';
import { kv, kvPrefix, node, recordCell, service, servicesByName } from './support/records.js';
import { seededRandom } from './support/seeded-random.js';

const counterOf = (transaction: Transaction): number => Number(transaction.get('system', 'counter')?.value ?? 0);
const increment = (transaction: Transaction): number => {
  const value = counterOf(transaction) + 1;
  transaction.put('system', { name: 'counter', value });
  return value;
};

describe.each(Object.entries(engines))('the store over the %s engine', (_name, makeBackend) => {
  it('shows a write to whoever awaited it, with an index that only grows', async () => {
    const store = await openStore(makeBackend());
    let last = 0;
    for (let round = 0; round < 20; round += 1) {
      const { index } = await store.transact('put', (transaction) => transaction.put('kv', kv('a', `v${round}`)));
      expect(index).toBeGreaterThan(last);
      expect(store.view.get('kv', 'a')).toMatchObject({ value: `v${round}`, modifyIndex: index });
      expect(store.read(kvPrefix, '').index).toBe(index);
      last = index;
    }
  });

  it('loses no increment of concurrent transactions', async () => {
    const store = await openStore(makeBackend());
    const results = await Promise.all(Array.from({ length: 60 }, () => store.transact('count', increment)));
    expect(results.map(({ result }) => result).sort((left, right) => left - right)).toEqual(
      Array.from({ length: 60 }, (_, at) => at + 1),
    );
    expect(store.view.get('system', 'counter')?.value).toBe(60);
  });

  it('keeps a rule over a range however many add to it at once', async () => {
    const store = await openStore(makeBackend());
    const addIfFewerThanFive = (name: string) => (transaction: Transaction) => {
      if (transaction.range('services', 'byName', ['web']).length >= 5) throw new AppError('conflict', 'full');
      transaction.put('services', service(name, 'web'));
    };
    const outcomes = await Promise.allSettled(
      Array.from({ length: 12 }, (_, at) => store.transact('add', addIfFewerThanFive(`n${at}`))),
    );
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(5);
    expect(store.read(servicesByName, 'web').value).toHaveLength(5);
  });

  it('tells subscribers the last of many values, and in the end the right one', async () => {
    const store = await openStore(makeBackend());
    const seen: (SystemRecord['value'] | undefined)[] = [];
    store.subscribe(recordCell('system'), 'counter', (record) => seen.push(record?.value));
    for (let round = 0; round < 10; round += 1)
      await Promise.all([1, 2, 3].map(() => store.transact('count', increment)));
    expect(seen[0]).toBeUndefined();
    expect(seen.at(-1)).toBe(30);
    expect(seen.slice(1)).toEqual([...seen.slice(1)].sort((left, right) => Number(left) - Number(right)));
    expect(new Set(seen).size).toBe(seen.length);
  });

  it('wakes a blocking query for its own range and returns what is there at the end of the wait otherwise', async () => {
    const store = await openStore(makeBackend());
    const { index } = await store.transact('put', (transaction) => transaction.put('kv', kv('p/a')));
    const woken = store.query(kvPrefix, 'p/', { index, waitMs: 20_000 });
    const other = store.query(kvPrefix, 'q/', { index, waitMs: 30 });
    const deleted = await store.transact('delete', (transaction) => transaction.delete('kv', 'p/a'));
    expect(await woken).toEqual({ value: [], index: deleted.index });
    expect((await other).value).toEqual([]);
  });

  it('wakes whoever waits for something absent in an empty store with the very first commit', async () => {
    const store = await openStore(makeBackend());
    const { index } = store.read(kvPrefix, 'a');
    const woken = store.query(kvPrefix, 'a', { index, waitMs: 20_000 });
    await store.transact('put', (transaction) => transaction.put('kv', kv('a')));
    expect((await woken).value).toHaveLength(1);
  });

  it('has applied everything acknowledged before a barrier', async () => {
    const store = await openStore(makeBackend());
    const writes = Array.from({ length: 10 }, () => store.transact('count', increment));
    await Promise.all([...writes, store.barrier()]);
    await store.barrier();
    expect(store.view.get('system', 'counter')?.value).toBe(10);
  });
});

/** Several servers over one engine of etcd's kind. */
async function servers(count: number, seed: number): Promise<{ engine: HostileEngine; stores: StateStore[] }> {
  const random = seededRandom(seed);
  const engine = new HostileEngine({ random, brokenWatch: 0.05, compaction: 0.05, strangers: 0.2 });
  const stores = await Promise.all(Array.from({ length: count }, () => openStore(engine.connect(), { random })));
  return { engine, stores };
}

describe('several servers over one engine', () => {
  it('do not lose each other’s writes', async () => {
    const { stores } = await servers(3, 1);
    await Promise.all(stores.flatMap((store) => Array.from({ length: 5 }, () => store.transact('count', increment))));
    await Promise.all(stores.map((store) => store.barrier()));
    expect(stores.map((store) => store.view.get('system', 'counter')?.value)).toEqual([15, 15, 15]);
  });

  it('cannot both add to a range that each saw empty', async () => {
    for (let seed = 0; seed < 20; seed += 1) {
      const { stores } = await servers(2, seed);
      const claim = (name: string) => (transaction: Transaction) => {
        if (transaction.range('services', 'byConnect', ['web']).length > 0) return;
        transaction.put('services', service(name, 'web', { connect: { native: true } }));
      };
      await Promise.all(stores.map((store, at) => store.transact('claim', claim(`n${at}`))));
      await Promise.all(stores.map((store) => store.barrier()));
      for (const store of stores) expect(store.view.range('services', 'byConnect', ['web'])).toHaveLength(1);
    }
  });

  it('cannot leave a service on a node that is removed meanwhile', async () => {
    for (let seed = 0; seed < 20; seed += 1) {
      const { stores } = await servers(2, seed);
      const [left, right] = stores as [StateStore, StateStore];
      await left.transact('register', (transaction) => transaction.put('nodes', node('n')));
      await right.barrier();
      await Promise.allSettled([
        left.transact('deregister', (transaction) => {
          transaction.delete('nodes', 'n');
          for (const { node: name, id } of transaction.range('services', 'byNode', ['n']))
            transaction.delete('services', `${name}\u0000${id}\u0000`);
        }),
        right.transact('register', (transaction) => {
          if (!transaction.get('nodes', 'n')) throw new AppError('notFound', 'no node');
          transaction.put('services', service('n', 'web'));
        }),
      ]);
      await Promise.all(stores.map((store) => store.barrier()));
      for (const { view } of stores)
        expect(view.range('services', 'byNode', ['n']).length).toBe(view.get('nodes', 'n') ? 1 : 0);
    }
  });

  it('cannot take from a range what another still counts on', async () => {
    for (let seed = 0; seed < 20; seed += 1) {
      const { stores } = await servers(2, seed);
      const [left, right] = stores as [StateStore, StateStore];
      await left.transact('put', (transaction) =>
        ['a', 'b'].forEach((key) => transaction.put('kv', kv(`on-call/${key}`))),
      );
      await right.barrier();
      const leave = (key: string) => (transaction: Transaction) => {
        if (transaction.range('kv', 'prefix', ['on-call/']).length > 1) transaction.delete('kv', `on-call/${key}`);
      };
      await Promise.all([left.transact('leave', leave('a')), right.transact('leave', leave('b'))]);
      await left.barrier();
      expect(left.view.range('kv', 'prefix', ['on-call/'])).toHaveLength(1);
    }
  });

  it('conflict when both guard the same family, whatever they read', async () => {
    const { stores } = await servers(2, 5);
    const order: string[] = [];
    await Promise.all(
      stores.map((store, at) =>
        store.transact('guarded', (transaction) => {
          transaction.guard('config-entries');
          transaction.put('kv', kv(`written-by-${at}`));
          order.push(`${at}`);
        }),
      ),
    );
    await stores[0]?.barrier();
    expect(stores[0]?.view.get('guards', 'config-entries')?.sequence).toBe(2);
    expect(order.length).toBeGreaterThan(2);
  });

  it('catch up by listing and comparing when the engine forgot what they missed', async () => {
    const engine = new HostileEngine({ random: seededRandom(3) });
    const store = await openStore(engine.connect());
    await store.transact('put', (transaction) => ['a', 'b', 'c'].forEach((key) => transaction.put('kv', kv(key))));
    const told: string[][] = [];
    store.subscribe(kvPrefix, '', (rows) => told.push(rows.map(({ key, value }) => `${key}=${value}`)));
    const commits: unknown[] = [];
    store.commits$.subscribe(({ changes }) => commits.push(changes.map(({ table, key }) => `${table}/${key}`)));
    engine.hold();
    const json = (value: string): string => JSON.stringify({ v: 1, ...kv('b', value) });
    engine.apply({ conditions: [], operations: [{ type: 'put', table: 'kv', key: 'b', value: json('n1') }] });
    engine.apply({ conditions: [], operations: [{ type: 'put', table: 'kv', key: 'b', value: json('n2') }] });
    engine.apply({ conditions: [], operations: [{ type: 'delete', table: 'kv', key: 'c' }] });
    engine.compact();
    engine.release();
    await store.barrier();
    expect(told).toEqual([
      ['a=eA==', 'b=eA==', 'c=eA=='],
      ['a=eA==', 'b=n2'],
    ]);
    expect(commits).toEqual([['kv/b', 'kv/c']]);
    expect(store.read(recordCell('kv'), 'b').value?.modifyIndex).toBe(engine.revision - 1);
  });

  it('answer after their own watch has applied the write, however late it comes', async () => {
    const engine = new HostileEngine({ random: seededRandom(4) });
    const store = await openStore(engine.connect());
    engine.hold();
    let done = false;
    const write = store
      .transact('put', (transaction) => transaction.put('kv', kv('a')))
      .then(() => {
        done = true;
      });
    while (engine.revision === 1) await new Promise((resolve) => setImmediate(resolve));
    for (let turn = 0; turn < 10; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    expect(done).toBe(false);
    expect(store.view.get('kv', 'a')).toBeUndefined();
    engine.release();
    await write;
    expect(store.view.get('kv', 'a')?.key).toBe('a');
  });

  it('say that the outcome is unknown and then show what really happened', async () => {
    const engine = new HostileEngine({ random: seededRandom(9), unknownOutcome: 1 });
    const store = await openStore(engine.connect());
    for (let round = 0; round < 10; round += 1) {
      const write = store.transact('put', (transaction) => transaction.put('kv', kv(`k${round}`)));
      await expect(write).rejects.toMatchObject({ code: 'unavailable' });
    }
    await store.barrier();
    expect(store.view.range('kv', 'prefix', ['']).length).toBe(engine.list().records.length);
    expect(engine.list().records.length).toBeGreaterThan(0);
  });

  it('refuse after bounded retries when others never stop', async () => {
    const engine = new HostileEngine({ random: seededRandom(2) });
    const store = await openStore(engine.connect());
    const disturb = (): void => {
      const value = JSON.stringify({ v: 1, name: 'counter', value: engine.revision });
      engine.apply({ conditions: [], operations: [{ type: 'put', table: 'system', key: 'counter', value }] });
    };
    const busy = store.transact('count', (transaction) => {
      disturb();
      return increment(transaction);
    });
    await expect(busy).rejects.toMatchObject({ code: 'busy' });
    expect(store.counters.conflicts).toBe(10);
  });

  it('leave records of tables that only newer servers know alone', async () => {
    const engine = new HostileEngine({ random: seededRandom(2) });
    const future = (): void =>
      void engine.apply({
        conditions: [],
        operations: [{ type: 'put', table: 'tomorrow' as 'kv', key: 'x', value: '{"v":9}' }],
      });
    future();
    const problems: AppError[] = [];
    const store = await openStore(engine.connect(), { onProblem: (error) => problems.push(error) });
    future();
    await store.transact('put', (transaction) => transaction.put('kv', kv('a')));
    expect(store.view.range('kv', 'prefix', [''])).toHaveLength(1);
    expect(problems).toEqual([]);
    expect(engine.list().records.map(({ table }) => table)).toContain('tomorrow');
  });

  it('ignore an unreadable record, name it, and go on', async () => {
    const engine = new HostileEngine({ random: seededRandom(2) });
    const bad = (key: string, value: string): void =>
      void engine.apply({ conditions: [], operations: [{ type: 'put', table: 'services', key, value }] });
    bad('x', '{"v":1');
    bad('y', '{"v":1,"node":"n"}');
    const problems: AppError[] = [];
    const store = await openStore(engine.connect(), { onProblem: (error) => problems.push(error) });
    bad('z', '[]');
    await store.transact('put', (transaction) => transaction.put('services', service('n', 'web')));
    expect(store.view.range('services', 'all', []).map(({ id }) => id)).toEqual(['web']);
    expect(problems.map(({ code, message }) => `${code} ${/services\/./.exec(message)?.[0]}`)).toEqual([
      'corruptState services/x',
      'corruptState services/y',
      'corruptState services/z',
    ]);
  });
});

describe('a range read', () => {
  it('is the same through a cell and through a transaction over pending commits', async () => {
    const store = await openStore((engines['memory'] as () => ReturnType<(typeof engines)[string]>)());
    const names: Cell<readonly string[]> = {
      kind: 'names',
      compute: (view) => view.range('services', 'all', []).map(({ node: at, id }) => `${at}/${id}`),
    };
    await store.transact('put', (transaction) =>
      ['b', 'd'].forEach((at) => transaction.put('services', service(at, 'web'))),
    );
    const pending = [
      store.transact('put', (transaction) => transaction.put('services', service('a', 'web'))),
      store.transact('delete', (transaction) => transaction.delete('services', 'b\u0000web\u0000')),
      store.transact('put', (transaction) => transaction.put('services', service('c', 'web'))),
      store.transact('read', (transaction) => transaction.cell(names, '')),
    ];
    const results = await Promise.all(pending);
    expect(results[3]?.result).toEqual(['a/web', 'c/web', 'd/web']);
    expect(store.read(names, '').value).toEqual(['a/web', 'c/web', 'd/web']);
  });
});
