import { describe, expect, onTestFinished, test } from 'vitest';
import { systemClock } from '../../../src/core/index.js';
import { acquireKv, putKv } from '../../../src/discovery/kv/index.js';
import { createSession, destroySession } from '../../../src/discovery/sessions/index.js';
import { type StateStore, createStateStore } from '../../../src/state/index.js';
import { HostileEngine } from '../../state/support/hostile-backend.js';
import { node } from '../../state/support/records.js';

async function settled(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

/** Two servers of one mesh with a session `s`; what one writes reaches the other when the engine is not held. */
async function mesh(): Promise<{ readonly engine: HostileEngine; readonly one: StateStore; readonly two: StateStore }> {
  const engine = new HostileEngine({ random: () => 0 });
  const [one, two] = [engine, engine].map((each) => createStateStore({ backend: each.connect(), clock: systemClock }));
  if (!one || !two) throw new Error('no stores');
  onTestFinished(async () => {
    await one.close();
    await two.close();
  });
  await Promise.all([one.ready, two.ready]);
  await one.transact('node', (transaction) => transaction.put('nodes', node('n')));
  const session = { name: '', node: 'n', lockDelayMs: 0, behavior: 'release', ttl: '', nodeChecks: [] } as const;
  await createSession(one, { id: 's', ...session, serviceChecks: null }, { minTtlMs: 0 });
  await settled();
  return { engine, one, two };
}

const value = (key: string) => ({ key, value: Buffer.from('x'), flags: '0' });
const lock = (store: StateStore, key: string): Promise<unknown> =>
  store.transact('lock', (transaction) => acquireKv(transaction, value(key), 's'));

describe('the end of a session that several servers share', () => {
  test('is held up by nobody who writes other keys meanwhile', async () => {
    const { engine, one, two } = await mesh();
    await lock(one, 'held');
    await settled();
    engine.hold();
    const unseen = two.transact('put', (transaction) => putKv(transaction, value('other')));
    await settled();
    const ended = destroySession(one, 's');
    await settled();
    engine.release();
    await Promise.all([unseen, ended]);
    expect(one.counters.conflicts).toBe(0);
    expect(one.view.get('kv', 'held')?.session).toBe('');
    expect(one.view.get('session-renewals', 's')).toBeUndefined();
  });

  test('gives back a lock that another server gave in the same moment', async () => {
    const { engine, one, two } = await mesh();
    engine.hold();
    const unseen = lock(two, 'new');
    await settled();
    const ended = destroySession(one, 's');
    await settled();
    engine.release();
    await Promise.all([unseen, ended]);
    expect(one.counters.conflicts).toBe(1);
    expect(one.view.get('kv', 'new')?.session).toBe('');
    await expect(lock(two, 'late')).rejects.toThrow('invalid session');
  });
});
