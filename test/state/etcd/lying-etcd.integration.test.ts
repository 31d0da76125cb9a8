import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { AppError, systemClock } from '../../../src/core/index.js';
import type { KvRecord } from '../../../src/model/index.js';
import { createEtcdBackend } from '../../../src/state/backend/etcd/index.js';
import { type StateStore, createStateStore } from '../../../src/state/index.js';
import { FakeEtcd, type Lies } from '../../support/etcd/index.js';
import { pause, until } from '../../support/envoy-rig/index.js';
import { temporaryFolder } from '../support/engines.js';
import { kv, kvPrefix } from '../support/records.js';
import { seededRandom } from '../support/seeded-random.js';

const QUICK = { lookEveryMs: 20, askAfterMs: 60, giveUpAfterMs: 200, lateAfterMs: 150, compareEveryMs: 100 };

async function fakeEtcd(seed: number): Promise<FakeEtcd> {
  const fake = await FakeEtcd.start(seededRandom(seed));
  onTestFinished(() => fake.stop());
  return fake;
}

async function server(fake: FakeEtcd, name: string, verifyEveryMs = 0, problems: AppError[] = []): Promise<StateStore> {
  const onProblem = (error: AppError): void => void problems.push(error);
  const backend = createEtcdBackend({
    connection: { endpoints: [fake.endpoint] },
    prefix: 'mesh',
    server: name,
    times: QUICK,
    onProblem,
  });
  const store = createStateStore({ backend, clock: systemClock, verifyEveryMs, onProblem });
  onTestFinished(() => store.close());
  await store.ready;
  return store;
}

/** What etcd really holds, as `key@revision=value`. */
function truth(fake: FakeEtcd): string[] {
  const [from, to] = [Buffer.from('mesh/kv/'), Buffer.from('mesh/kv0')];
  return fake.store.range(from, to).map((record) => {
    const { value } = JSON.parse(record.value.toString()) as { value: string };
    return `${record.key.toString().slice('mesh/kv/'.length)}@${record.mod_revision}=${value}`;
  });
}

const seen = (records: readonly KvRecord[]): string[] =>
  records.map(({ key, modifyIndex, value }) => `${key}@${modifyIndex}=${value}`);

const ACCOUNTS = ['a', 'b', 'c', 'd', 'e'];
const START = 20;
const balanceOf = (record: KvRecord | undefined): number => Number(record?.value ?? 0);

function transfer(store: StateStore, random: () => number): Promise<unknown> {
  const pick = (): string => ACCOUNTS[Math.floor(random() * ACCOUNTS.length)] as string;
  const [from, to, amount, readsAll] = [pick(), pick(), 1 + Math.floor(random() * 9), random() < 0.4];
  return store.transact('transfer', (transaction) => {
    if (readsAll) {
      const total = transaction.range('kv', 'prefix', ['account/']).reduce((sum, record) => sum + balanceOf(record), 0);
      if (total !== START * ACCOUNTS.length) throw new AppError('conflict', `the total is ${total}`);
    }
    const balance = balanceOf(transaction.get('kv', `account/${from}`));
    if (from === to || balance < amount) return;
    if (balance === amount) transaction.delete('kv', `account/${from}`);
    else transaction.put('kv', kv(`account/${from}`, `${balance - amount}`));
    const other = balanceOf(transaction.get('kv', `account/${to}`));
    transaction.put('kv', kv(`account/${to}`, `${other + amount}`));
  });
}

const lies: Readonly<Record<string, Lies>> = {
  'leaves revisions out of a watch': { skipRevision: 0.1 },
  'leaves single changes out of a watch': { skipEvent: 0.15 },
  'gives revisions twice': { repeat: 0.2 },
  'goes back in a watch': { goBack: 0.15 },
  'falls silent but shows signs of life': { stall: 0.05 },
  'falls silent altogether': { freeze: 0.05 },
  'announces progress that it has not made': { earlyProgress: 0.5 },
  'gives events before their time': { future: 0.3 },
  'reads from the past': { staleRead: 0.3 },
  'compacts lists and watches away': { compact: 0.2, breakWatch: 0.1 },
  'loses answers, and applies some transactions later': { lostAnswer: 0.15 },
  'does all of it': {
    skipRevision: 0.02,
    skipEvent: 0.02,
    repeat: 0.03,
    goBack: 0.03,
    stall: 0.01,
    freeze: 0.01,
    earlyProgress: 0.1,
    future: 0.05,
    staleRead: 0.05,
    compact: 0.05,
    breakWatch: 0.05,
    lostAnswer: 0.05,
  },
};

describe('three servers on an etcd that', () => {
  it.each(Object.entries(lies).flatMap(([name, lie]) => [1, 2].map((seed) => ({ name, lie, seed }))))(
    '$name end with the truth, and never lose or double a write (seed $seed)',
    async ({ lie, seed }) => {
      const fake = await fakeEtcd(seed);
      const random = seededRandom(seed * 1000);
      const stores = await Promise.all(['one', 'two', 'three'].map((name) => server(fake, name)));
      const [first] = stores as [StateStore];
      await first.transact('open', (transaction) => {
        for (const account of ACCOUNTS) transaction.put('kv', kv(`account/${account}`, `${START}`));
      });
      await Promise.all(stores.map((store) => store.barrier()));
      const told = new Map<StateStore, readonly KvRecord[]>();
      for (const store of stores) store.subscribe(kvPrefix, 'account/', (records) => told.set(store, records));
      fake.lies = lie;
      const outcomes: PromiseSettledResult<unknown>[] = [];
      for (let round = 0; round < 12; round += 1)
        outcomes.push(
          ...(await Promise.allSettled(stores.flatMap((store) => [transfer(store, random), transfer(store, random)]))),
        );
      fake.lies = {};
      for (const outcome of outcomes)
        if (outcome.status === 'rejected')
          expect(['unavailable', 'busy', 'conflict']).toContain((outcome.reason as AppError).code);
      expect(outcomes.filter(({ status }) => status === 'fulfilled').length).toBeGreaterThan(30);
      await pause(60);
      await Promise.all(stores.map((store) => store.barrier()));
      const wanted = truth(fake);
      for (const store of stores) {
        await until(
          'the truth',
          () => {
            expect(seen(store.read(kvPrefix, '').value)).toEqual(wanted);
            return true;
          },
          5000,
        );
        expect(told.get(store)).toEqual(store.read(kvPrefix, 'account/').value);
      }
      const total = first.read(kvPrefix, 'account/').value.reduce((sum, record) => sum + balanceOf(record), 0);
      expect(total).toBe(START * ACCOUNTS.length);
    },
    60_000,
  );

  it.each([1, 2, 3, 4])('loses answers has every acknowledged write exactly once (seed %i)', async (seed) => {
    const fake = await fakeEtcd(seed);
    const store = await server(fake, 'one');
    fake.lies = { lostAnswer: 0.4 };
    let [acknowledged, unknown] = [0, 0];
    for (let at = 0; at < 40; at += 1)
      await store
        .transact('count', (transaction) => {
          const count = balanceOf(transaction.get('kv', 'count'));
          transaction.put('kv', kv('count', `${count + 1}`));
          transaction.put('kv', kv(`log/${at}`));
        })
        .then(
          () => (acknowledged += 1),
          () => (unknown += 1),
        );
    fake.lies = {};
    await pause(60);
    await store.barrier();
    const count = balanceOf(store.view.get('kv', 'count'));
    expect(count).toBe(store.view.range('kv', 'prefix', ['log/']).length);
    expect(count).toBeGreaterThanOrEqual(acknowledged);
    expect(count).toBeLessThanOrEqual(acknowledged + unknown);
    expect(acknowledged).toBeGreaterThan(35);
  });
});

describe('a server', () => {
  it('finds by comparing hashes what no watch told, counts it and loads the state anew', async () => {
    const fake = await fakeEtcd(1);
    const problems: AppError[] = [];
    const store = await server(fake, 'one', 150, problems);
    await store.transact('put', (transaction) => transaction.put('kv', kv('a', 'MQ==')));
    // Somebody writes under our prefix by hand, and the watch does not say so: no transaction of ours counts it.
    fake.lies = { skipRevision: 1 };
    fake.put('mesh/kv/b', JSON.stringify({ v: 1, ...kv('b', 'Mg==') }));
    await pause(20);
    fake.lies = {};
    await until('the comparison', () => store.view.get('kv', 'b') !== undefined, 5000);
    expect(store.counters.divergences).toBe(1);
    expect(problems.map(({ message }) => message).join()).toContain('not what etcd holds');
    await until('another comparison', () => store.counters.verifications >= 3, 5000);
    expect(store.counters.divergences).toBe(1);
  });

  it('counts nothing when all is well, also with records it cannot read', async () => {
    const fake = await fakeEtcd(2);
    fake.put('mesh/.store', '{"product":"meshwright-state","format":1}');
    fake.put('mesh/kv/broken', '{"v":1');
    fake.put('mesh/tomorrow/x', '{"v":9}');
    const store = await server(fake, 'one', 50);
    fake.put('mesh/services/broken', '[]');
    for (let at = 0; at < 30; at += 1)
      await store.transact('put', (transaction) => {
        if (at % 3 === 0) transaction.delete('kv', 'a');
        else transaction.put('kv', kv('a', `${at}`));
      });
    await until('comparisons', () => store.counters.verifications >= 3, 5000);
    expect(store.counters.divergences).toBe(0);
  });

  it('does not take another cluster for its own', async () => {
    const fake = await fakeEtcd(3);
    const store = await server(fake, 'one');
    await store.transact('put', (transaction) => transaction.put('kv', kv('a')));
    fake.clusterId = '99';
    await expect(store.barrier()).rejects.toThrow(/belongs to cluster 63, not to/);
    await expect(store.transact('put', (transaction) => transaction.put('kv', kv('b')))).rejects.toMatchObject({
      code: 'unavailable',
    });
    expect(store.view.get('kv', 'a')?.key).toBe('a');
    fake.clusterId = '1234567890123456789';
    await store.transact('put', (transaction) => transaction.put('kv', kv('c')));
    expect(store.view.get('kv', 'c')?.key).toBe('c');
  }, 60_000);

  it('reads on and refuses writes while etcd has no space, and writes again when it has', async () => {
    const fake = await fakeEtcd(4);
    const store = await server(fake, 'one');
    await store.transact('put', (transaction) => transaction.put('kv', kv('a')));
    fake.hasSpace = false;
    const write = store.transact('put', (transaction) => transaction.put('kv', kv('b')));
    await expect(write).rejects.toThrow(/no space left and takes no writes \(alarm NOSPACE\)/);
    await store.barrier();
    expect(store.view.get('kv', 'a')?.key).toBe('a');
    fake.hasSpace = true;
    await store.transact('put', (transaction) => transaction.put('kv', kv('b')));
  });

  it('takes a transaction that has read more than etcd compares, and runs it again when one of it was removed', async () => {
    const fake = await fakeEtcd(6);
    const [store, other] = [await server(fake, 'one'), await server(fake, 'two')];
    const ids = Array.from({ length: 200 }, (_, at) => `${at}`);
    for (let from = 0; from < ids.length; from += 40)
      await store.transact('put', (transaction) => {
        for (const id of ids.slice(from, from + 40)) transaction.put('session-renewals', { id, renewals: 1 });
      });
    await other.barrier();
    fake.lies = { stall: 1 };
    const removal = other.transact('remove', (transaction) => transaction.delete('session-renewals', '7'));
    const key = Buffer.from('mesh/session-renewals/7');
    await until('the removal', () => fake.store.range(key, Buffer.alloc(0)).length === 0, 5000);
    fake.lies = {};
    const { result } = await store.transact('remove all', (transaction) => {
      const found = ids.filter((id) => transaction.get('session-renewals', id) !== undefined);
      for (const id of found) transaction.delete('session-renewals', id);
      return found.length;
    });
    await removal;
    expect(result).toBe(199);
    expect(store.counters.conflicts).toBeGreaterThan(0);
    expect(ids.filter((id) => store.view.get('session-renewals', id) !== undefined)).toEqual([]);
  });

  it('asks etcd once for a thousand reads that wait at the same time', async () => {
    const fake = await fakeEtcd(5);
    const store = await server(fake, 'one');
    await store.barrier();
    const before = fake.calls.get('Range') ?? 0;
    await Promise.all(Array.from({ length: 1000 }, () => store.barrier()));
    // One for those that came first, one for all that came while it was under way, perhaps one of the watch's own.
    expect((fake.calls.get('Range') ?? 0) - before).toBeLessThanOrEqual(3);
  });
});

describe('a start is refused, with a sentence and without a write, by an etcd that', () => {
  const refusal = async (prepare: (fake: FakeEtcd) => void): Promise<string> => {
    const fake = await fakeEtcd(1);
    prepare(fake);
    const { revision } = fake.store;
    const options = { connection: { endpoints: [fake.endpoint] }, prefix: 'mesh', server: 'one' };
    const refused = await createEtcdBackend(options)
      .open()
      .then(
        () => 'it was taken',
        (thrown: AppError) => thrown.message,
      );
    expect(fake.store.revision).toBe(revision);
    return refused;
  };

  it.each(['3.5.5', '3.4.23', '2.3.8', 'unknown'])('is of version %s', async (version) => {
    expect(await refusal((fake) => (fake.version = version))).toContain(
      `is version ${version}, which can lose changes`,
    );
  });

  it('has no space', async () => {
    expect(await refusal((fake) => (fake.hasSpace = false))).toContain('etcd has an alarm (NOSPACE, member 7)');
  });

  it('holds something else under the prefix', async () => {
    expect(await refusal((fake) => fake.put('mesh/other', 'x'))).toContain('holds other keys under mesh/');
  });

  it('holds the state of a newer version', async () => {
    const marker = '{"product":"meshwright-state","format":2}';
    expect(await refusal((fake) => fake.put('mesh/.store', marker))).toContain('written by a newer version (format 2');
  });

  it('holds the state of another datacenter', async () => {
    const fake = await fakeEtcd(1);
    const at = (datacenter: string) =>
      createEtcdBackend({ connection: { endpoints: [fake.endpoint] }, prefix: 'mesh', server: 'one', datacenter });
    const first = at('dc1');
    await first.open();
    await first.close();
    const { revision } = fake.store;
    await expect(at('dc2').open()).rejects.toThrow(
      'The state under mesh/ is of datacenter "dc1", this server of "dc2": correct datacenter, or choose another',
    );
    expect(fake.store.revision).toBe(revision);
  });

  it('was empty until another server of another datacenter, which starts at the same moment, took it', async () => {
    const fake = await fakeEtcd(1);
    const starts = await Promise.allSettled(
      Array.from({ length: 8 }, async (_, i) => {
        const options = { prefix: 'mesh', server: `s${i}`, datacenter: `dc${i % 2}` };
        const backend = createEtcdBackend({ connection: { endpoints: [fake.endpoint] }, ...options });
        onTestFinished(() => backend.close());
        await backend.open();
        return i % 2;
      }),
    );
    const taken = starts.flatMap((start) => (start.status === 'fulfilled' ? [start.value] : []));
    const refused = starts.flatMap((start) => (start.status === 'rejected' ? [String(start.reason)] : []));
    expect(taken).toHaveLength(4);
    expect(new Set(taken).size).toBe(1);
    for (const reason of refused) expect(reason).toMatch(/is of datacenter "dc[01]", this server of "dc[01]"/);
  });

  it('may hold too little', async () => {
    expect(await refusal((fake) => (fake.quotaBytes = 1000))).toContain(
      'may hold only 1000 bytes: raise --quota-backend-bytes to at least 67108864',
    );
  });

  it('is not the one that held this server’s state', async () => {
    const [known, other] = [await fakeEtcd(1), await fakeEtcd(2)];
    other.clusterId = '77';
    const clusterFile = join(temporaryFolder(), 'etcd-cluster.json');
    const engineAt = ({ endpoint }: FakeEtcd) =>
      createEtcdBackend({ connection: { endpoints: [endpoint] }, prefix: 'mesh', server: 'one', clusterFile });
    for (let start = 0; start < 2; start += 1) {
      const backend = engineAt(known);
      await backend.open();
      await backend.close();
    }
    const { revision } = other.store;
    await expect(engineAt(other).open()).rejects.toThrow(
      /was in etcd cluster 112210f47de98115, and the endpoints lead to 4d/,
    );
    expect(other.store.revision).toBe(revision);
  });

  it('is of another cluster than the other endpoint', async () => {
    const [left, right] = [await fakeEtcd(1), await fakeEtcd(2)];
    right.clusterId = '77';
    const connection = { endpoints: [left.endpoint, right.endpoint] };
    const backend = createEtcdBackend({ connection, prefix: 'mesh', server: 'one' });
    await expect(backend.open()).rejects.toThrow(/belongs to cluster 4d, not to/);
  });
});
