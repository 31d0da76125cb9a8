import { describe, expect, it } from 'vitest';
import { AppError } from '../../src/core/index.js';
import type { KvRecord } from '../../src/model/index.js';
import { type StateStore, createStateStore } from '../../src/state/index.js';
import type { Clock } from '../../src/core/index.js';
import { HostileEngine } from './support/hostile-backend.js';
import { kv, kvPrefix } from './support/records.js';
import { seededRandom } from './support/seeded-random.js';

/** Back-off takes turns of the event loop instead of time. */
const turnClock: Clock = {
  now: () => 0,
  after: (_delayMs, task) => {
    const timer = setImmediate(task);
    return () => clearImmediate(timer);
  },
};

const ACCOUNTS = ['a', 'b', 'c', 'd'];
const START = 10;

const balanceOf = (record: KvRecord | undefined): number => Number(record?.value ?? 0);

/** Moves money; an account that is emptied is deleted, one that gets some is made. Refuses when a total that it reads is wrong. */
function transfer(store: StateStore, random: () => number): Promise<unknown> {
  const pick = (): string => ACCOUNTS[Math.floor(random() * ACCOUNTS.length)] as string;
  const [from, to] = [pick(), pick()];
  const amount = 1 + Math.floor(random() * 6);
  const readsAll = random() < 0.5;
  return store.transact('transfer', (transaction) => {
    if (readsAll) {
      const total = transaction.range('kv', 'prefix', ['account/']).reduce((sum, record) => sum + balanceOf(record), 0);
      if (total !== START * ACCOUNTS.length) throw new AppError('internal', `the total is ${total}`);
    }
    const balance = balanceOf(transaction.get('kv', `account/${from}`));
    if (from === to || balance < amount) return;
    if (balance === amount) transaction.delete('kv', `account/${from}`);
    else transaction.put('kv', kv(`account/${from}`, `${balance - amount}`));
    const other = balanceOf(transaction.get('kv', `account/${to}`));
    transaction.put('kv', kv(`account/${to}`, `${other + amount}`));
  });
}

describe('three servers over an engine on a bad day', () => {
  it.each(Array.from({ length: 25 }, (_, seed) => [seed]))('stay equal and serialisable (day %i)', async (seed) => {
    const random = seededRandom(seed);
    const engine = new HostileEngine({
      random,
      brokenWatch: 0.15,
      compaction: 0.15,
      strangers: 0.3,
      unknownOutcome: 0.05,
    });
    const stores = Array.from({ length: 3 }, () =>
      createStateStore({ backend: engine.connect(), clock: turnClock, random, onProblem: () => undefined }),
    );
    await Promise.all(stores.map(({ ready }) => ready));
    const [first] = stores as [StateStore];
    let opened = false;
    while (!opened) {
      opened = await first
        .transact('open', (transaction) => {
          for (const account of ACCOUNTS) transaction.put('kv', kv(`account/${account}`, `${START}`));
        })
        .then(
          () => true,
          () => false,
        );
    }
    await Promise.all(stores.map((store) => store.barrier()));
    const told = new Map<StateStore, readonly KvRecord[]>();
    const totals = new Set<number>();
    for (const store of stores)
      store.subscribe(kvPrefix, 'account/', (records) => {
        told.set(store, records);
        totals.add(records.reduce((sum, record) => sum + balanceOf(record), 0));
      });
    const outcomes = await Promise.allSettled(
      Array.from({ length: 60 }, (_, at) => transfer(stores[at % 3] as StateStore, random)),
    );
    for (const outcome of outcomes)
      if (outcome.status === 'rejected') expect(['unavailable', 'busy']).toContain((outcome.reason as AppError).code);
    expect(outcomes.filter(({ status }) => status === 'fulfilled').length).toBeGreaterThan(30);
    await Promise.all(stores.map((store) => store.barrier()));
    expect([...totals]).toEqual([START * ACCOUNTS.length]);
    const stored = engine
      .list()
      .records.filter(({ table }) => table === 'kv')
      .map(({ key, modRevision }) => `${key}@${modRevision}`)
      .sort();
    for (const store of stores) {
      const here = store.read(kvPrefix, '').value;
      expect(here.map(({ key, modifyIndex }) => `${key}@${modifyIndex}`)).toEqual(stored);
      expect(told.get(store)).toEqual(here);
    }
    await Promise.all(stores.map((store) => store.close()));
  });
});

describe('a server that is behind', () => {
  const twoServers = async () => {
    const engine = new HostileEngine({ random: seededRandom(1) });
    const stores = [0, 1].map(() => createStateStore({ backend: engine.connect(), clock: turnClock }));
    await Promise.all(stores.map(({ ready }) => ready));
    const [other, behind] = stores as [StateStore, StateStore];
    await other.transact('put', (transaction) => transaction.put('kv', kv('a', 'old')));
    await behind.barrier();
    engine.hold();
    engine.apply({
      conditions: [],
      operations: [{ type: 'put', table: 'kv', key: 'a', value: JSON.stringify(kv('a', 'new')) }],
    });
    return { behind, catchUp: () => engine.release() };
  };
  const compareAndSet = (store: StateStore, expected: string) =>
    store.transact('cas', (transaction) => {
      if (transaction.get('kv', 'a')?.value !== expected) return false;
      transaction.put('kv', kv('a', 'mine'));
      return true;
    });

  it('refuses no check-and-set because of what is no longer so', async () => {
    const { behind, catchUp } = await twoServers();
    const answer = compareAndSet(behind, 'new');
    setImmediate(catchUp);
    expect((await answer).result).toBe(true);
    expect(behind.view.get('kv', 'a')?.value).toBe('mine');
  });

  it('throws nothing because of what is no longer so', async () => {
    const { behind, catchUp } = await twoServers();
    const answer = behind.transact('check', (transaction) => {
      if (transaction.get('kv', 'a')?.value === 'old') throw new AppError('invalidArgument', 'it is old');
      return 'fine';
    });
    setImmediate(catchUp);
    expect((await answer).result).toBe('fine');
  });

  it('still refuses what is refused by the newest state', async () => {
    const { behind, catchUp } = await twoServers();
    const answer = compareAndSet(behind, 'other');
    setImmediate(catchUp);
    expect((await answer).result).toBe(false);
  });
});
