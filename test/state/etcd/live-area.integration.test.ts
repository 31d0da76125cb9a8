import { describe, expect, it, onTestFinished } from 'vitest';
import type { AppError } from '../../../src/core/index.js';
import { createEtcdBackend } from '../../../src/state/backend/etcd/index.js';
import type { Backend, LiveArea, LiveChange } from '../../../src/state/index.js';
import { pause, until } from '../../support/envoy-rig/index.js';
import { FakeEtcd } from '../../support/etcd/index.js';
import { seededRandom } from '../support/seeded-random.js';

async function fakeEtcd(): Promise<FakeEtcd> {
  const fake = await FakeEtcd.start(seededRandom(5));
  onTestFinished(() => fake.stop());
  return fake;
}

/** A server's live area; time passes as fast as `hour` says: a lease has 6 s. */
async function liveArea(
  fake: FakeEtcd,
  server: string,
  hour = { ms: 0 },
  problems: AppError[] = [],
): Promise<LiveArea> {
  const backend: Backend = createEtcdBackend({
    connection: { endpoints: [fake.endpoint] },
    prefix: 'mesh',
    server,
    live: { leaseSeconds: 1, monotonicMs: () => hour.ms },
    onProblem: (error) => void problems.push(error),
  });
  await backend.open();
  onTestFinished(() => backend.close());
  return backend.live as LiveArea;
}

const stored = (fake: FakeEtcd): string[] =>
  fake.store
    .range(Buffer.from('mesh-live/'), Buffer.from('mesh-live0'))
    .map(({ key, value }) => `${key.toString()}=${value.toString()}`);

const eventually = (what: string, isSo: () => boolean): Promise<unknown> => until(what, () => Promise.resolve(isSo()));

describe('the live area of an etcd', () => {
  it('asks nothing of etcd until it is used', async () => {
    const fake = await fakeEtcd();
    await liveArea(fake, 'one');
    expect(fake.calls.get('LeaseGrant')).toBeUndefined();
  });

  it('holds keys under a lease, outside the state, until they are removed or the server stops', async () => {
    const fake = await fakeEtcd();
    const area = await liveArea(fake, 'one');
    await Promise.all([area.put('a', '1'), area.put('b', '2'), area.put('a', '3')]);
    expect(stored(fake)).toEqual(['mesh-live/a=3', 'mesh-live/b=2']);
    expect(fake.store.leased([...fake.leases][0] as string)).toHaveLength(2);
    await area.remove('b');
    expect(stored(fake)).toEqual(['mesh-live/a=3']);
    await area.close();
    expect(stored(fake)).toEqual([]);
    expect(fake.leases.size).toBe(0);
    await expect(area.put('c', '4')).rejects.toMatchObject({ code: 'unavailable' });
  });

  it('puts its keys anew when the lease was lost, but no claim', async () => {
    const fake = await fakeEtcd();
    const area = await liveArea(fake, 'one');
    const alive: boolean[] = [];
    area.onAlive((isAlive) => alive.push(isAlive));
    await area.put('a', '1');
    const claimed = await area.claim('duty', 'mine');
    expect(await area.claim('duty', 'mine')).toEqual(claimed);
    fake.endLease([...fake.leases][0] as string);
    expect(stored(fake)).toEqual([]);
    await eventually('the key to be back', () => stored(fake).includes('mesh-live/a=1'));
    expect(stored(fake)).toEqual(['mesh-live/a=1']);
    expect(alive).toEqual([true, false, true]);
    const again = await area.claim('duty', 'mine');
    expect(again?.createRevision).toBeGreaterThan(claimed?.createRevision as number);
  });

  it('notices at a write that the lease was lost', async () => {
    const fake = await fakeEtcd();
    const area = await liveArea(fake, 'one');
    await area.put('a', '1');
    fake.endLease([...fake.leases][0] as string);
    await area.put('b', '2');
    await eventually('both keys', () => stored(fake).length === 2);
    expect(area.isAlive).toBe(true);
  });

  it('lets one of two servers claim a key', async () => {
    const fake = await fakeEtcd();
    const [one, two] = [await liveArea(fake, 'one'), await liveArea(fake, 'two')];
    await Promise.all([one.put('one', ''), two.put('two', '')]);
    const claims = await Promise.all([one.claim('duty', 'one'), two.claim('duty', 'two')]);
    expect(claims.filter((claim) => claim !== undefined)).toHaveLength(1);
  });

  it('does not trust its keys when etcd has not answered for two thirds of the lease, and does again when it answers', async () => {
    const fake = await fakeEtcd();
    const hour = { ms: 0 };
    const problems: AppError[] = [];
    const area = await liveArea(fake, 'one', hour, problems);
    await area.put('a', '1');
    const claimed = await area.claim('duty', 'mine');
    fake.hasLeader = false;
    hour.ms = 600;
    expect(area.isAlive).toBe(true);
    hour.ms = 700;
    expect(area.isAlive).toBe(false);
    await eventually('a problem to be told', () => problems.length > 0);
    await pause(400);
    expect(problems.map(({ code }) => code)).toEqual(['unavailable']);
    fake.hasLeader = true;
    await eventually('it to be alive', () => area.isAlive);
    expect(await area.claim('duty', 'mine')).toEqual(claimed);
  });

  it('shows every server what all have, and each change once, also over a watch that breaks or says nothing', async () => {
    const fake = await fakeEtcd();
    const [one, two] = [await liveArea(fake, 'one'), await liveArea(fake, 'two')];
    await one.put('a', '1');
    const seen: string[] = [];
    const note = (change: LiveChange): void => {
      if (change.type === 'all') seen.push(`all ${change.entries.map(({ key }) => key).join()}`);
      else seen.push(change.type === 'put' ? `+${change.entry.key}=${change.entry.value}` : `-${change.key}`);
    };
    two.watch(note);
    await eventually('the list', () => seen.length === 1);
    await one.put('b', '2');
    await two.put('c', '3');
    await eventually('the watch', () => seen.length === 3);
    fake.breakWatches();
    await one.remove('b');
    await one.put('a', '4');
    await eventually('what was missed', () => seen.length === 5);
    expect(seen).toEqual(['all a', '+b=2', '+c=3', '-b', '+a=4']);
    const late: string[] = [];
    two.watch((change) =>
      late.push(change.type === 'all' ? change.entries.map(({ value }) => value).join() : change.type),
    );
    expect(late).toEqual(['4,3']);
  });
});
