import { expect, onTestFinished, test } from 'vitest';
import { acquireKv } from '../../../src/discovery/kv/index.js';
import { createSession, destroySession, keepSessions } from '../../../src/discovery/sessions/index.js';
import { createEmbeddedBackend } from '../../../src/state/backend/embedded/index.js';
import { type StateStore, createStateStore } from '../../../src/state/index.js';
import { temporaryFolder } from '../../state/support/engines.js';
import { ManualClock } from '../../state/support/manual-clock.js';
import { node } from '../../state/support/records.js';

const definition = {
  name: '',
  node: 'n1',
  behavior: 'release' as const,
  nodeChecks: [],
  serviceChecks: null,
};
const limits = { minTtlMs: 10_000 };
const nextTurn = () => new Promise<void>((resolve) => setImmediate(resolve));

test('sessions, locks and lock-delays outlive a restart, and the time of a session begins anew', async () => {
  const path = temporaryFolder();
  const clock = new ManualClock();
  const open = async (): Promise<StateStore> => {
    const store = createStateStore({ backend: createEmbeddedBackend({ path }), clock, random: () => 0 });
    await store.ready;
    return store;
  };
  const acquire = async (store: StateStore, key: string, session: string) =>
    (
      await store.transact('t', (transaction) =>
        acquireKv(transaction, { key, value: Buffer.from(session), flags: '0' }, session),
      )
    ).result;

  let store = await open();
  await store.transact('t', (transaction) => transaction.put('nodes', node('n1')));
  await createSession(store, { ...definition, id: 'ttl', ttl: '10s', lockDelayMs: 0 }, limits);
  await createSession(store, { ...definition, id: 'lost', ttl: '', lockDelayMs: 60_000 }, limits);
  expect([await acquire(store, 'a', 'ttl'), await acquire(store, 'b', 'lost')]).toEqual([true, true]);
  await destroySession(store, 'lost');
  await store.close();
  clock.advance(30_000);

  store = await open();
  onTestFinished(() => store.close());
  const keeper = keepSessions({ store, clock, nextTurn, warn: (message) => expect.unreachable(message) });
  onTestFinished(() => keeper.close());
  expect(store.view.get('kv', 'a')).toMatchObject({ session: 'ttl', lockIndex: 1 });
  expect(await acquire(store, 'b', 'ttl')).toBe(false);
  clock.advance(10_000);
  expect(store.view.get('sessions', 'ttl')).toBeDefined();
  const gone = new Promise<void>((resolve) => {
    store.commits$.subscribe(() => store.view.get('sessions', 'ttl') === undefined && resolve());
  });
  clock.advance(10_000);
  await gone;
  expect(store.view.get('kv', 'a')).toMatchObject({ session: '', lockIndex: 1 });
  await createSession(store, { ...definition, id: 'next', ttl: '', lockDelayMs: 0 }, limits);
  expect([await acquire(store, 'a', 'next'), await acquire(store, 'b', 'next')]).toEqual([true, false]);
  clock.advance(10_000);
  expect(await acquire(store, 'b', 'next')).toBe(true);
  expect(store.view.get('kv', 'b')?.lockIndex).toBe(2);
});
