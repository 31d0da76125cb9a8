import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createLiveness } from '../../src/cluster/index.js';
import { systemClock } from '../../src/core/index.js';
import { createEtcdBackend } from '../../src/state/backend/etcd/index.js';
import { type LiveArea, type LiveChange, type StateStore, createStateStore } from '../../src/state/index.js';
import { pause, until } from '../support/envoy-rig/index.js';
import { Rig } from '../support/envoy-rig/rig.js';
import type { RigProcess } from '../support/envoy-rig/rig-process.js';
import { anyEtcd, type RunningEtcd, startEtcd } from '../support/etcd/index.js';

const PROCESS = fileURLToPath(new URL('support/duty-process.ts', import.meta.url));
const LEASE_SECONDS = 2;
/** A lease that is over is noticed by etcd within half a second more, on a machine with nothing else to do. */
const TAKE_OVER_MS = LEASE_SECONDS * 1000 + 3000;

describe('a duty of two servers on one etcd', () => {
  const rig = new Rig();
  let etcd: RunningEtcd;
  let store: StateStore;
  let live: LiveArea;
  const changes: LiveChange[] = [];

  beforeAll(async () => {
    const binary = anyEtcd();
    if (!binary) throw new Error('there is no etcd: put one on the PATH, or install Go, or Python with pip');
    etcd = await startEtcd({ binary, flags: ['--unsafe-no-fsync'] });
    const connection = { endpoints: etcd.endpoints };
    const backend = createEtcdBackend({ connection, prefix: 'mesh', server: 'watcher', allowOldEtcd: true });
    store = createStateStore({ backend, clock: systemClock });
    await store.ready;
    live = backend.live as LiveArea;
    createLiveness(live)
      .watch$('servers/')
      .subscribe((change) => changes.push(change));
  });
  afterAll(async () => {
    await rig.close();
    await store?.close();
    await etcd?.stop();
  });

  const start = (name: string, ...more: readonly string[]): RigProcess => {
    const args = ['--import', 'tsx', PROCESS, etcd.endpoints[0] as string, name, String(LEASE_SECONDS), ...more];
    return rig.start(name, process.execPath, args);
  };
  const count = (process: RigProcess, line: string): number =>
    process.log.split('\n').filter((each) => each === line).length;
  const begins = (process: RigProcess, times: number): Promise<unknown> =>
    until(`${process.name} has the duty`, () => {
      process.assertRunning();
      return Promise.resolve(count(process, 'begins') >= times);
    });
  /** Who wrote, in the order of what was written, each once for what he wrote without another in between. */
  const writers = async (): Promise<string[]> => {
    await store.barrier();
    const written = store.view.range('kv', 'prefix', ['log/']).toSorted((a, b) => a.createIndex - b.createIndex);
    const names = written.map(({ key }) => key.split('/')[1] as string);
    return names.filter((name, at) => name !== names[at - 1]);
  };

  it('goes to the other when its holder is killed, when it stands still, and when it stops; nobody writes late', async () => {
    const one = start('one', 'timeless');
    await begins(one, 1);
    const two = start('two');
    await until('two is there', () => Promise.resolve(JSON.stringify(changes).includes('"two"')));
    await pause(300);
    expect(count(two, 'begins')).toBe(0);

    let since = performance.now();
    one.signal('SIGSTOP');
    await begins(two, 1);
    expect(performance.now() - since).toBeLessThan(TAKE_OVER_MS);
    expect(changes.at(-1)).toEqual({ type: 'gone', key: 'one' });
    one.signal('SIGCONT');
    // It goes on where it stood and tries to write: its clock does not tell it that its time is over.
    await until('one is refused', () => Promise.resolve(count(one, 'refused') > 0 && count(one, 'ends') === 1));
    await until('one is back', () => Promise.resolve(changes.at(-1)?.type === 'put'));
    await pause(300);
    expect(count(one, 'begins')).toBe(1);
    expect(await writers()).toEqual(['one.1', 'two.1']);

    since = performance.now();
    await two.kill();
    await begins(one, 2);
    expect(performance.now() - since).toBeLessThan(TAKE_OVER_MS);

    const three = start('three');
    await until('three is there', () => Promise.resolve(JSON.stringify(changes).includes('"three"')));
    since = performance.now();
    one.signal('SIGTERM');
    await begins(three, 1);
    expect(performance.now() - since).toBeLessThan(1500);
    await until('three writes', async () => (await writers()).length === 4);
    expect(await writers()).toEqual(['one.1', 'two.1', 'one.2', 'three.1']);

    const seen = changes.slice(1).map((change) => (change.type === 'gone' ? `-${change.key}` : change.type));
    expect(seen.filter((each) => each.startsWith('-'))).toEqual(['-one', '-two', '-one']);
  });
});
