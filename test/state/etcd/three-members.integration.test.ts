import { describe, expect, it, onTestFinished } from 'vitest';
import { type AppError, systemClock } from '../../../src/core/index.js';
import { createEtcdBackend } from '../../../src/state/backend/etcd/index.js';
import { type StateStore, createStateStore } from '../../../src/state/index.js';
import { pause, until } from '../../support/envoy-rig/index.js';
import { anyEtcd, type EtcdBinary, type RunningEtcd, startEtcd } from '../../support/etcd/index.js';
import { kv } from '../support/records.js';

/** While a majority lives each write goes on in this time, whoever has died (docs/state.md). */
const WRITE_LIMIT_MS = 5000;

async function cluster(members: number, flags: readonly string[] = []): Promise<RunningEtcd> {
  const binary: EtcdBinary | undefined = anyEtcd();
  if (!binary) throw new Error('there is no etcd: put one on the PATH, or install Go, or Python with pip');
  const etcd = await startEtcd({ binary, members, flags });
  onTestFinished(() => etcd.stop());
  return etcd;
}

async function server(etcd: RunningEtcd, name: string): Promise<StateStore> {
  const backend = createEtcdBackend({
    connection: { endpoints: etcd.endpoints },
    prefix: 'mesh',
    server: name,
    allowOldEtcd: true,
  });
  const store = createStateStore({ backend, clock: systemClock, onProblem: () => undefined });
  onTestFinished(() => store.close());
  await store.ready;
  return store;
}

/** Writes keys of its own until told to stop, and keeps what was acknowledged and what is not known. */
class Writer {
  readonly acknowledged: string[] = [];
  readonly unknown: string[] = [];
  readonly refused: string[] = [];
  /** The longest time without an acknowledged write, ms. */
  longestGapMs = 0;
  readonly #done: Promise<void>;
  #stopped = false;

  constructor(store: StateStore, name: string) {
    this.#done = this.#write(store, name);
  }

  stop(): Promise<void> {
    this.#stopped = true;
    return this.#done;
  }

  async #write(store: StateStore, name: string): Promise<void> {
    let last = performance.now();
    for (let at = 0; !this.#stopped; at += 1) {
      const key = `${name}/${at}`;
      try {
        await store.transact('put', (transaction) => transaction.put('kv', kv(key)));
        this.longestGapMs = Math.max(this.longestGapMs, performance.now() - last);
        last = performance.now();
        this.acknowledged.push(key);
      } catch (thrown) {
        expect(['unavailable', 'busy']).toContain((thrown as AppError).code);
        (/not known/.test((thrown as Error).message) ? this.unknown : this.refused).push(key);
      }
    }
  }
}

function keysOf(store: StateStore): Set<string> {
  return new Set(store.view.range('kv', 'prefix', ['']).map(({ key }) => key));
}

describe('two servers on three members', () => {
  it('lose no acknowledged write, and invent none, while members are killed and paused one after the other', async () => {
    const etcd = await cluster(3);
    const stores = [await server(etcd, 'one'), await server(etcd, 'two')];
    const writers = stores.flatMap((store, at) =>
      Array.from({ length: 8 }, (_, writer) => new Writer(store, `${at}-${writer}`)),
    );
    for (const member of etcd.members) {
      await pause(700);
      await member.kill();
      await pause(1500);
      member.restart();
      await pause(1000);
    }
    const [first] = etcd.members;
    first?.signal('SIGSTOP');
    await pause(4000);
    first?.signal('SIGCONT');
    await pause(1000);
    await Promise.all(writers.map((writer) => writer.stop()));
    await Promise.all(stores.map((store) => store.barrier()));
    const [left, right] = stores.map(keysOf) as [Set<string>, Set<string>];
    expect(left).toEqual(right);
    expect(writers.flatMap(({ acknowledged }) => acknowledged).filter((key) => !left.has(key))).toEqual([]);
    expect(writers.flatMap(({ refused }) => refused).filter((key) => left.has(key))).toEqual([]);
    const possible = new Set(writers.flatMap(({ acknowledged, unknown }) => [...acknowledged, ...unknown]));
    expect([...left].filter((key) => !possible.has(key))).toEqual([]);
    expect(Math.max(...writers.map(({ longestGapMs }) => longestGapMs))).toBeLessThan(WRITE_LIMIT_MS);
  }, 120_000);

  it('refuse writes and fresh reads without a majority, still show what they know, and go on when it is back', async () => {
    const etcd = await cluster(3);
    const store = await server(etcd, 'one');
    await store.transact('put', (transaction) => transaction.put('kv', kv('a')));
    await etcd.members[0]?.kill();
    await etcd.members[1]?.kill();
    const cut = performance.now();
    const [write, read] = await Promise.allSettled([
      store.transact('put', (transaction) => transaction.put('kv', kv('b'))),
      store.barrier(),
    ]);
    expect(write).toMatchObject({ status: 'rejected', reason: { code: 'unavailable' } });
    expect(read).toMatchObject({ status: 'rejected', reason: { code: 'unavailable' } });
    expect(performance.now() - cut).toBeLessThan(15_000);
    expect(store.view.get('kv', 'a')?.key).toBe('a');
    etcd.members[0]?.restart();
    const from = performance.now();
    await until('a write', () =>
      store.transact('put', (transaction) => transaction.put('kv', kv('c'))).then(() => true),
    );
    expect(performance.now() - from).toBeLessThan(8000);
    await store.barrier();
  }, 120_000);
});

describe('an etcd that is full', () => {
  it('lets reads go on and takes writes again once its alarm is disarmed', async () => {
    const etcd = await cluster(1, ['--quota-backend-bytes=67108864', '--unsafe-no-fsync']);
    const store = await server(etcd, 'one');
    const large = Buffer.alloc(500_000, 'x').toString('base64');
    const fill = async (): Promise<AppError> => {
      for (let at = 0; at < 200; at += 1) {
        try {
          await store.transact('put', (transaction) => transaction.put('kv', kv(`fill/${at % 5}`, `${large}${at}`)));
        } catch (thrown) {
          return thrown as AppError;
        }
      }
      throw new Error('it was never full');
    };
    const refused = await fill();
    expect(refused.code).toBe('unavailable');
    expect(refused.message).toContain('alarm NOSPACE');
    await store.barrier();
    expect(store.view.range('kv', 'prefix', ['fill/'])).toHaveLength(5);
    const client = etcd.client();
    const { header } = await client.range({ key: Buffer.from('x') });
    const call = (path: string, body: object): Promise<Response> =>
      fetch(`${etcd.endpoints[0]}${path}`, { method: 'POST', body: JSON.stringify(body) });
    await call('/v3/kv/compaction', { revision: header.revision, physical: true });
    await call('/v3/maintenance/defragment', {});
    const { alarms } = await client.alarms();
    for (const { memberID } of alarms)
      await call('/v3/maintenance/alarm', { action: 'DEACTIVATE', memberID, alarm: 'NOSPACE' });
    await until('a write', () =>
      store.transact('put', (transaction) => transaction.put('kv', kv('b'))).then(() => true),
    );
  }, 120_000);
});
