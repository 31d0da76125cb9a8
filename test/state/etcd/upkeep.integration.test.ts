import { describe, expect, it, onTestFinished } from 'vitest';
import { type Clock, systemClock } from '../../../src/core/index.js';
import { createEtcdBackend } from '../../../src/state/backend/etcd/index.js';
import { type StateStore, createStateStore } from '../../../src/state/index.js';
import { until } from '../../support/envoy-rig/index.js';
import { anyEtcd, FakeEtcd, startEtcd } from '../../support/etcd/index.js';
import { kv } from '../support/records.js';
import { seededRandom } from '../support/seeded-random.js';

const MINUTE_MS = 60_000;

/** The machine's clock, but what is due in minutes or later happens when the test says so. */
class HastyClock implements Clock {
  readonly #late = new Set<{ readonly delayMs: number; readonly task: () => void }>();

  now(): number {
    return systemClock.now();
  }

  after(delayMs: number, task: () => void): () => void {
    if (delayMs < MINUTE_MS) return systemClock.after(delayMs, task);
    const timer = { delayMs, task };
    this.#late.add(timer);
    return () => this.#late.delete(timer);
  }

  /** What was put off by this time happens now. */
  pass(delayMs: number): void {
    for (const timer of [...this.#late].filter((each) => each.delayMs === delayMs)) {
      this.#late.delete(timer);
      timer.task();
    }
  }
}

async function server(endpoint: string, name: string, clock: HastyClock): Promise<StateStore> {
  const connection = { endpoints: [endpoint] };
  const backend = createEtcdBackend({ connection, prefix: 'mesh', server: name, clock, allowOldEtcd: true });
  const store = createStateStore({
    backend,
    clock,
    verifyEveryMs: 0,
    onProblem: (error) => expect.unreachable(error.message),
  });
  onTestFinished(() => store.close());
  await store.ready;
  return store;
}

async function fakeEtcd(): Promise<FakeEtcd> {
  const fake = await FakeEtcd.start(seededRandom(11));
  onTestFinished(() => fake.stop());
  return fake;
}

const put = (store: StateStore, ...keys: readonly string[]) =>
  store.transact('put', (transaction) => keys.forEach((key) => transaction.put('kv', kv(key))));
const remove = (store: StateStore, keys: readonly string[]) =>
  store.transact('remove', (transaction) => keys.forEach((key) => transaction.delete('kv', key)));
const calls = (fake: FakeEtcd, name: string): number => fake.calls.get(name) ?? 0;
const eventually = (what: string, isSo: () => boolean): Promise<unknown> => until(what, () => Promise.resolve(isSo()));

describe('history of an etcd', () => {
  it('is compacted by one of several servers, and at least one interval of it stays', async () => {
    const fake = await fakeEtcd();
    const clock = new HastyClock();
    const [one] = [await server(fake.endpoint, 'one', clock), await server(fake.endpoint, 'two', clock)];
    const turns: number[] = [];
    for (let turn = 0; turn < 5; turn += 1) {
      await put(one, `k${turn}`);
      turns.push(fake.store.revision);
      const before = calls(fake, 'Txn');
      clock.pass(5 * MINUTE_MS);
      await eventually('both servers to take their turn', () => calls(fake, 'Txn') >= before + 2);
      if (turn >= 2) await eventually('a compaction', () => fake.store.compacted > (turns[turn - 2] as number));
      expect(fake.store.compacted).toBeLessThanOrEqual(turns[turn] as number);
    }
    expect(calls(fake, 'Compact')).toBeLessThanOrEqual(4);
    await put(one, 'after');
    expect(one.view.range('kv', 'prefix', [''])).toHaveLength(6);
  });
});

describe('notes about large transactions', () => {
  const keys = Array.from({ length: 150 }, (_, at) => `tree/${at}`);
  const notes = (fake: FakeEtcd): number =>
    fake.store.range(Buffer.from('mesh/.unfolded/'), Buffer.from('mesh/.unfolded0')).length;

  it('are removed when no record of them is left, and kept as long as there is one', async () => {
    const fake = await fakeEtcd();
    const clock = new HastyClock();
    const [one, two] = [await server(fake.endpoint, 'one', clock), await server(fake.endpoint, 'two', clock)];
    await put(one, ...keys);
    await eventually('the first to be noted', () => notes(fake) === 1);
    const index = one.view.get('kv', 'tree/7')?.modifyIndex;
    clock.pass(60 * MINUTE_MS);
    await put(two, 'other');
    expect(notes(fake)).toBe(1);
    await remove(one, keys.slice(1));
    await eventually('the second to be noted', () => notes(fake) === 2);
    // Of the second the marks of what was removed are left, of the first one record.
    await one.reapMarks(one.index + 1);
    clock.pass(60 * MINUTE_MS);
    await eventually('the second to be forgotten', () => notes(fake) === 1);
    await two.barrier();
    expect(two.view.get('kv', 'tree/0')?.modifyIndex).toBe(index);
    await remove(two, ['tree/0']);
    clock.pass(60 * MINUTE_MS);
    await eventually('the first to be forgotten', () => notes(fake) === 0);
    await put(one, 'after');
    await two.barrier();
    expect(two.view.range('kv', 'prefix', ['']).map(({ key }) => key)).toEqual(['after', 'other']);
  });

  it('are removed from a real etcd', async () => {
    const binary = anyEtcd();
    if (!binary) throw new Error('there is no etcd: put one on the PATH, or install Go, or Python with pip');
    const etcd = await startEtcd({ binary, flags: ['--unsafe-no-fsync'] });
    onTestFinished(() => etcd.stop());
    const clock = new HastyClock();
    const store = await server(etcd.endpoints[0] as string, 'one', clock);
    const client = etcd.client();
    const count = async (): Promise<number> => {
      const range = { key: Buffer.from('mesh/.unfolded/'), range_end: Buffer.from('mesh/.unfolded0') };
      return (await client.range(range)).kvs.length;
    };
    await put(store, ...keys);
    await until('the note', async () => (await count()) === 1);
    clock.pass(60 * MINUTE_MS);
    await put(store, 'other');
    expect(await count()).toBe(1);
    for (const key of keys) await remove(store, [key]);
    clock.pass(60 * MINUTE_MS);
    await until('no note', async () => (await count()) === 0);
    await put(store, 'after');
    expect(store.counters.resyncs).toBe(0);
  });
});
