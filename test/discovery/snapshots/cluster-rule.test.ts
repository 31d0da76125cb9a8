import type { Readable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { type AppError, systemClock } from '../../../src/core/index.js';
import { writeConfigEntry } from '../../../src/discovery/config/index.js';
import { type RestoreOptions, restoreSnapshot, takeSnapshot } from '../../../src/discovery/snapshots/index.js';
import { type PreparedQueryRecord, decodeConfigEntry } from '../../../src/model/index.js';
import { type StateStore, type Transaction, createMemoryBackend } from '../../../src/state/index.js';
import { engines, openStore, sharedBackend } from '../../state/support/engines.js';
import { HostileEngine } from '../../state/support/hostile-backend.js';
import { check, kv, node, service } from '../../state/support/records.js';
import { seededRandom } from '../../state/support/seeded-random.js';

const SAVED = '11111111-1111-4111-8111-111111111111';
const HERE = '22222222-2222-4222-8222-222222222222';

/** A cluster as its servers and agents make it by themselves. */
async function cluster(id: string, backend = createMemoryBackend()): Promise<StateStore> {
  const store = await openStore(backend);
  await write(store, (transaction) => {
    transaction.put('ca-config', { clusterId: id, provider: 'consul', leafTtlMs: 1, rootTtlMs: 2 });
    transaction.put('nodes', node(`host-of-${id}`));
    transaction.put('services', service(`host-of-${id}`, 'web'));
    transaction.put('checks', check(`host-of-${id}`, 'alive'));
  });
  return store;
}
const write = (store: StateStore, run: (transaction: Transaction) => void) => store.transact('write', run);
const save = (store: StateStore): Readable => takeSnapshot(store, { node: 'n', datacenter: 'dc1' }, systemClock).file;
const restore = (store: StateStore, file: Readable, options: Partial<RestoreOptions> = {}) =>
  restoreSnapshot(store, file, { datacenter: 'dc1', ...options });
const refusal = (restored: Promise<unknown>): Promise<string> =>
  restored.then(
    () => 'taken',
    (thrown: AppError) => `${thrown.code}: ${thrown.message}`,
  );
const idOf = (store: StateStore) => store.view.get('ca-config', 'config')?.clusterId;

/** Another cluster's state, with one of each of what people write. */
async function saved(): Promise<StateStore> {
  const store = await cluster(SAVED);
  await write(store, (transaction) => transaction.put('kv', kv('greeting', 'aGVsbG8=')));
  await writeConfigEntry(store, defaults('http'));
  return store;
}
const defaults = (protocol: string) =>
  decodeConfigEntry({ Kind: 'proxy-defaults', Name: 'global', Config: { protocol } });

describe.each(Object.keys(engines))('a snapshot of another cluster, over the engine %s', (engine) => {
  const here = (): Promise<StateStore> => cluster(HERE, engines[engine]?.());

  test('is taken by a new cluster, also one that agents have joined already', async () => {
    const store = await here();
    await restore(store, save(await saved()));
    expect([idOf(store), store.view.get('kv', 'greeting')?.value]).toEqual([SAVED, 'aGVsbG8=']);
  });

  test('is refused with one sentence where what people wrote would be lost, and nothing is changed', async () => {
    const store = await here();
    await write(store, (transaction) => transaction.put('kv', kv('mine')));
    await writeConfigEntry(
      store,
      decodeConfigEntry({ Kind: 'service-intentions', Name: 'db', Sources: [{ Name: 'web', Action: 'deny' }] }),
    );
    const { index } = store;
    expect(await refusal(restore(store, save(await saved())))).toBe(
      `invalidArgument: the snapshot is of cluster ${SAVED}, this is cluster ${HERE} and would lose 1 key and 1 config entry: ` +
        'save a snapshot of it and restore with -force (over HTTP: ?force) if that is wanted; nothing was changed',
    );
    expect([store.index, idOf(store), store.view.get('kv', 'mine')?.key]).toEqual([index, HERE, 'mine']);
  });

  test('is taken all the same when forced, and everything is what was saved', async () => {
    const store = await here();
    await write(store, (transaction) => transaction.put('kv', kv('mine')));
    await restore(store, save(await saved()), { force: true });
    expect([idOf(store), store.view.get('kv', 'mine')]).toEqual([SAVED, undefined]);
  });
});

describe('what a cluster would lose', () => {
  const lost = async (prepare: (store: StateStore) => Promise<unknown>, options: Partial<RestoreOptions> = {}) => {
    const store = await cluster(HERE);
    await prepare(store);
    const text = await refusal(restore(store, save(await saved()), options));
    return / would lose (.*?):/.exec(text)?.[1] ?? text;
  };
  const put =
    (...pairs: ReturnType<typeof kv>[]) =>
    (store: StateStore) =>
      write(store, (transaction) => pairs.forEach((pair) => transaction.put('kv', pair)));

  test('is a key that the snapshot lacks, or has with another value', async () => {
    expect(await lost(put(kv('greeting', 'b3RoZXI='), kv('mine')))).toBe('2 keys');
  });

  test('is a prepared query', async () => {
    const query: PreparedQueryRecord = {
      ...{ id: 'q', name: 'near-db', session: '', token: '', dns: { ttl: '' }, createIndex: 0, modifyIndex: 0 },
      template: { type: '', regexp: '', removeEmptyTags: false },
      service: {
        ...{ service: 'db', samenessGroup: '', onlyPassing: true, ignoreCheckIds: null, near: '', tags: null },
        ...{ nodeMeta: null, serviceMeta: null, connect: false, peer: '' },
        failover: { nearestN: 0, datacenters: null, targets: null },
      },
    };
    expect(await lost((store) => write(store, (transaction) => transaction.put('prepared-queries', query)))).toBe(
      '1 prepared query',
    );
  });

  test('is not what the snapshot holds just so', async () => {
    const both = async (store: StateStore) => {
      await put(kv('greeting', 'aGVsbG8='))(store);
      await writeConfigEntry(store, defaults('http'));
    };
    expect(await lost(both)).toBe('taken');
  });

  test('is not an entry of the servers’ configuration, unless somebody has changed it', async () => {
    const tcp = (store: StateStore) => writeConfigEntry(store, defaults('tcp'));
    expect(await lost(tcp, { configured: () => [defaults('tcp')] })).toBe('taken');
    expect(await lost(tcp, { configured: () => [defaults('grpc')] })).toBe('1 config entry');
  });

  test('is not a key that was only ever locked, but is one with a value', async () => {
    expect(await lost(put({ ...kv('lock', ''), lockIndex: 2 }))).toBe('taken');
    expect(await lost(put({ ...kv('lock', 'eA=='), lockIndex: 2 }))).toBe('1 key');
    expect(await lost(put(kv('flag', '')))).toBe('1 key');
  });

  test('is nothing where the clusters cannot be told apart: the same id, or none', async () => {
    const store = await cluster(HERE);
    const file = save(store);
    await put(kv('mine'))(store);
    expect(await refusal(restore(store, file))).toBe('taken');
    await put(kv('mine'))(store);
    expect(await refusal(restore(store, save(await openStore(createMemoryBackend()))))).toBe('taken');
  });
});

test('what another server writes after the look and before the restore is noticed: it is refused all the same', async () => {
  const engine = new HostileEngine({ random: seededRandom(5) });
  const backend = engine.connect();
  let beforeCommit: (() => Promise<unknown>) | undefined;
  const store = await cluster(HERE, {
    ...sharedBackend(backend),
    async commit(transaction) {
      const first = beforeCommit;
      beforeCommit = undefined;
      await first?.();
      return backend.commit(transaction);
    },
  });
  const other = await openStore(engine.connect());
  const file = save(await saved());
  beforeCommit = () => write(other, (transaction) => transaction.put('kv', kv('mine')));
  expect(await refusal(restore(store, file))).toContain('would lose 1 key:');
  expect([beforeCommit, idOf(other), other.view.get('kv', 'mine')?.key]).toEqual([undefined, HERE, 'mine']);
});
