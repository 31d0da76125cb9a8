import type { RunningEtcd } from '../../support/etcd/index.js';
import { engine, openStore, PREFIX } from './stores.js';

/** Few: a machine that does much else must not take longer for one than a write may. */
const FILL_AT_ONCE = 8;
const RECORDS_PER_FILL = 90;
const PAGE_KEYS = 4000;
const ROUNDS = 3;

export interface Loading {
  readonly records: number;
  /** From nothing until that many records are loaded, ms; the best of some rounds. */
  readonly ms: number;
  readonly cpuMs: number;
  /** A bare paged list of the same keys with the same client, nothing done with them. */
  readonly floorMs: number;
  readonly floorCpuMs: number;
}

/** Fills etcd and starts a server's store over it, in turn with a bare list. */
export async function measureLoading(etcd: RunningEtcd, records: number): Promise<Loading> {
  await fill(etcd, records);
  const best = { product: { ms: Infinity, cpuMs: Infinity }, floor: { ms: Infinity, cpuMs: Infinity } };
  for (let round = 0; round < ROUNDS; round += 1) {
    const store = await timed(best.product, () => openStore(engine(etcd, `late-${round}`)));
    await store.close();
    const count = await timed(best.floor, () => bareList(etcd));
    if (count < records) throw new Error(`there are ${count} keys, not ${records}`);
  }
  const { product, floor } = best;
  return { records, ms: product.ms, cpuMs: product.cpuMs, floorMs: floor.ms, floorCpuMs: floor.cpuMs };
}

async function timed<Result>(best: { ms: number; cpuMs: number }, run: () => Promise<Result>): Promise<Result> {
  globalThis.gc?.();
  const [from, cpu] = [performance.now(), process.cpuUsage()];
  const result = await run();
  const { user, system } = process.cpuUsage(cpu);
  best.ms = Math.min(best.ms, performance.now() - from);
  best.cpuMs = Math.min(best.cpuMs, (user + system) / 1000);
  return result;
}

async function fill(etcd: RunningEtcd, records: number): Promise<void> {
  const filler = engine(etcd, 'filler');
  await filler.open();
  let next = 0;
  const more = async (): Promise<void> => {
    while (next < records) {
      const keys = Array.from({ length: Math.min(RECORDS_PER_FILL, records - next) }, () => `fill/${next++}`);
      const value = (key: string): string =>
        JSON.stringify({ v: 1, key, value: 'eA=='.repeat(40), flags: '0', lockIndex: 0, session: '' });
      await filler.commit({
        conditions: [],
        operations: keys.map((key) => ({ type: 'put', table: 'kv', key, value: value(key) })),
      });
    }
  };
  await Promise.all(Array.from({ length: FILL_AT_ONCE }, more));
  await filler.close();
}

async function bareList(etcd: RunningEtcd): Promise<number> {
  const client = etcd.client();
  const range_end = Buffer.from(`${PREFIX}0`);
  let key = Buffer.from(`${PREFIX}/`);
  for (let count = 0; ; ) {
    const page = await client.range({ key, range_end, limit: PAGE_KEYS });
    count += page.kvs.length;
    const last = page.kvs.at(-1);
    if (!page.more || !last) return count;
    key = Buffer.concat([last.key, Buffer.of(0)]);
  }
}
