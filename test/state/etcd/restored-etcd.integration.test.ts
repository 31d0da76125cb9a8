import { cpSync, rmSync } from 'node:fs';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type AppError, systemClock } from '../../../src/core/index.js';
import { createEtcdBackend } from '../../../src/state/backend/etcd/index.js';
import { type StateStore, createStateStore } from '../../../src/state/index.js';
import { until } from '../../support/envoy-rig/index.js';
import { anyEtcd, FakeEtcd, startEtcd } from '../../support/etcd/index.js';
import { kv, kvPrefix } from '../support/records.js';
import { seededRandom } from '../support/seeded-random.js';

/** So that what nobody writes to is looked at soon. */
const times = { compareEveryMs: 500 };

async function server(endpoint: string, name: string, problems: AppError[] = []): Promise<StateStore> {
  const connection = { endpoints: [endpoint] };
  const onProblem = (error: AppError): void => void problems.push(error);
  const backend = createEtcdBackend({ connection, prefix: 'mesh', server: name, allowOldEtcd: true, times, onProblem });
  const store = createStateStore({ backend, clock: systemClock, verifyEveryMs: 0, onProblem });
  onTestFinished(() => store.close());
  await store.ready;
  return store;
}

const put = (store: StateStore, key: string, value = 'x') =>
  store.transact('put', (transaction) => transaction.put('kv', kv(key, value)));
const shown = (store: StateStore): string[] =>
  store.read(kvPrefix, '').value.map(({ key, value }) => `${key}=${value}`);
const eventually = (what: string, isSo: () => boolean): Promise<unknown> => until(what, () => Promise.resolve(isSo()));
/** A write that is tried until it is taken, as clients do; how often it was refused. */
const putAtLast = async (store: StateStore, key: string, value = 'x'): Promise<void> => {
  await until(`${key} to be written`, () =>
    put(store, key, value).then(
      () => true,
      ({ code }: AppError) => {
        expect(code).toBe('unavailable');
        return false;
      },
    ),
  );
};

describe('an etcd that was restored from an older copy under running servers', () => {
  it('is noticed by the first write: every server reads the state anew, and no index goes back', async () => {
    const fake = await FakeEtcd.start(seededRandom(3));
    onTestFinished(() => fake.stop());
    const problems: AppError[] = [];
    const [one, two] = [await server(fake.endpoint, 'one', problems), await server(fake.endpoint, 'two')];
    await put(one, 'kept', 'old');
    await two.barrier();
    const copied = fake.store.revision;
    for (const key of ['lost', 'kept', 'also-lost']) await put(two, key, 'new');
    await one.barrier();
    const before = Math.max(one.index, two.index, one.read(kvPrefix, '').index);
    const restores: string[] = [];
    one.onRestored(() => restores.push('one'));
    two.onRestored(() => restores.push('two'));
    const parked = [one, two].map((store) => store.query(kvPrefix, '', { index: before, waitMs: 60_000 }));

    fake.restore(copied);
    await expect(put(one, 'first')).rejects.toMatchObject({ code: 'unavailable' });
    await putAtLast(one, 'first');
    await eventually('two to show the truth', () => shown(two).join() === 'first=x,kept=old');
    expect(shown(one)).toEqual(['first=x', 'kept=old']);
    for (const answer of await Promise.all(parked)) expect(answer.index).toBeGreaterThan(before);
    for (const store of [one, two]) {
      expect(store.index).toBeGreaterThan(before);
      for (const record of store.read(kvPrefix, '').value) expect(record.modifyIndex).toBeGreaterThan(before);
    }
    expect(one.index).toBe(two.index);
    expect(restores.toSorted()).toEqual(['one', 'two']);
    expect(problems.map(({ message }) => message).join()).toContain('etcd was restored from an older copy');
    await put(two, 'kept', 'newer');
    await one.barrier();
    expect(shown(one)).toEqual(['first=x', 'kept=newer']);
    const late = await server(fake.endpoint, 'late');
    expect(late.read(kvPrefix, '')).toEqual(one.read(kvPrefix, ''));
  });

  it('is noticed by a server whose revisions are passed by new ones with other contents', async () => {
    const fake = await FakeEtcd.start(seededRandom(4));
    onTestFinished(() => fake.stop());
    const one = await server(fake.endpoint, 'one');
    await put(one, 'kept');
    const copied = fake.store.revision;
    await put(one, 'same', 'old');
    const same = one.view.get('kv', 'same')?.modifyIndex;
    const two = await server(fake.endpoint, 'two');
    // Nobody writes a name for the new history but a server that knew the old one.
    fake.restore(copied);
    await putAtLast(two, 'a');
    // The other may notice meanwhile: then this one is told to read anew, too.
    for (let at = 0; at < 10; at += 1) await putAtLast(two, `more${at}`);
    await putAtLast(two, 'same', 'new');
    await eventually('one to show the truth', () => shown(one).includes('same=new'));
    expect(shown(one)).toEqual(shown(two));
    expect(one.view.get('kv', 'same')?.modifyIndex).toBeGreaterThan(same as number);
  });

  it('is noticed by reads too, where nobody writes', async () => {
    const fake = await FakeEtcd.start(seededRandom(5));
    onTestFinished(() => fake.stop());
    const one = await server(fake.endpoint, 'one');
    const copied = fake.store.revision;
    await put(one, 'lost');
    fake.restore(copied);
    await expect(one.barrier()).rejects.toMatchObject({ code: 'unavailable' });
    await until('a read', () =>
      one.barrier().then(
        () => true,
        () => false,
      ),
    );
    expect(shown(one)).toEqual([]);
  });

  it('is noticed in seconds by a watch that is opened anew, where nobody reads or writes', async () => {
    const fake = await FakeEtcd.start(seededRandom(8));
    onTestFinished(() => fake.stop());
    const connection = { endpoints: [fake.endpoint] };
    const patient = { ...times, compareEveryMs: 3_600_000 };
    const backend = createEtcdBackend({
      connection,
      prefix: 'mesh',
      server: 'one',
      allowOldEtcd: true,
      times: patient,
    });
    const one = createStateStore({ backend, clock: systemClock, verifyEveryMs: 0, onProblem: () => undefined });
    onTestFinished(() => one.close());
    await one.ready;
    await put(one, 'kept');
    const copied = fake.store.revision;
    await put(one, 'lost');
    fake.restore(copied);
    await expect.poll(() => shown(one)).toEqual(['kept=x']);
  });

  it('is noticed where the first write after it is not answered, before looking for that write hides it', async () => {
    const fake = await FakeEtcd.start(seededRandom(6));
    onTestFinished(() => fake.stop());
    const one = await server(fake.endpoint, 'one');
    await put(one, 'kept');
    const copied = fake.store.revision;
    await put(one, 'lost');
    await put(one, 'lost-too');
    const before = one.index;
    fake.restore(copied);
    let writes = 0;
    fake.lies = {
      get lostAnswer() {
        return writes++ === 0 ? 1 : 0;
      },
    };
    await putAtLast(one, 'after');
    await eventually('one to show the truth', () => shown(one).join() === 'after=x,kept=x');
    expect(one.index).toBeGreaterThan(before);
  });

  it('is noticed where only what servers tell of themselves is written, before that hides it', async () => {
    const fake = await FakeEtcd.start(seededRandom(7));
    onTestFinished(() => fake.stop());
    const connection = { endpoints: [fake.endpoint] };
    const backend = createEtcdBackend({ connection, prefix: 'mesh', server: 'one', allowOldEtcd: true });
    const one = createStateStore({ backend, clock: systemClock, verifyEveryMs: 0, onProblem: () => undefined });
    onTestFinished(() => one.close());
    await one.ready;
    const { live } = backend;
    if (!live) throw new Error('no live area');
    await live.put('servers/one', 'it lives');
    await put(one, 'kept');
    const copied = fake.store.revision;
    await put(one, 'lost');
    fake.restore(copied);
    await live.put('servers/one', 'it goes on');
    await expect.poll(() => shown(one)).toEqual(['kept=x']);
  });

  it('gives the state another epoch, the same on every server, and takes what is written at once when that is told', async () => {
    const fake = await FakeEtcd.start(seededRandom(8));
    onTestFinished(() => fake.stop());
    const [one, two] = [await server(fake.endpoint, 'one'), await server(fake.endpoint, 'two')];
    const copied = fake.store.revision;
    await put(one, 'lost');
    const before = one.epoch;
    expect(two.epoch).toBe(before);
    const epochs: string[] = [];
    for (const store of [one, two])
      store.onRestored(() => {
        epochs.push(store.epoch);
        void putAtLast(store, `again at ${epochs.length}`);
      });
    fake.restore(copied);
    await putAtLast(one, 'first');
    await eventually('both to show the truth', () =>
      [one, two].every((store) => shown(store).join() === 'again at 1=x,again at 2=x,first=x'),
    );
    expect(new Set(epochs).size).toBe(1);
    expect(epochs).not.toContain(before);
    expect([one.epoch, two.epoch]).toEqual(epochs);
  });

  it('goes on with the copy, where it is a real one', async () => {
    const binary = anyEtcd();
    if (!binary) throw new Error('there is no etcd: put one on the PATH, or install Go, or Python with pip');
    const etcd = await startEtcd({ binary, flags: ['--unsafe-no-fsync'] });
    onTestFinished(() => etcd.stop());
    const [member] = etcd.members;
    const [endpoint] = etcd.endpoints;
    if (!member || endpoint === undefined) throw new Error('no member');
    const [one, two] = [await server(endpoint, 'one'), await server(endpoint, 'two')];
    await put(one, 'kept');
    await member.kill();
    const copy = `${member.folder}.copy`;
    cpSync(member.folder, copy, { recursive: true });
    member.restart();
    await putAtLast(one, 'lost');
    await putAtLast(two, 'lost-too');
    const before = Math.max(one.index, two.index);
    await member.kill();
    rmSync(member.folder, { recursive: true });
    cpSync(copy, member.folder, { recursive: true });
    member.restart();
    await putAtLast(two, 'after');
    await eventually('one to show the truth', () => shown(one).join() === 'after=x,kept=x');
    expect(shown(two)).toEqual(['after=x', 'kept=x']);
    for (const store of [one, two]) expect(store.index).toBeGreaterThan(before);
  });
});
