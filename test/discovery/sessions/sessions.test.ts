import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { deregisterFromCatalog, registerInCatalog } from '../../../src/discovery/catalog/index.js';
import { acquireKv, holderOf, releaseKv } from '../../../src/discovery/kv/index.js';
import { createSession, destroySession, keepSessions } from '../../../src/discovery/sessions/index.js';
import type { CheckStatus, SessionDefinition } from '../../../src/model/index.js';
import {
  type Duty,
  type TakeDuty,
  type StateStore,
  createMemoryBackend,
  createStateStore,
} from '../../../src/state/index.js';
import { ManualClock } from '../../state/support/manual-clock.js';

let clock: ManualClock;
let store: StateStore;

beforeEach(async () => {
  clock = new ManualClock();
  store = createStateStore({ backend: createMemoryBackend(), clock, random: () => 0 });
  await store.ready;
  await register('serfHealth', 'passing');
});
afterEach(() => store.close());

const register = (checkId: string, status: CheckStatus, serviceId = '') =>
  registerInCatalog(store, {
    node: 'n1',
    id: '',
    address: '10.0.0.1',
    datacenter: 'dc1',
    taggedAddresses: {},
    meta: {},
    skipNodeUpdate: false,
    ...(serviceId === '' ? {} : { service: serviceOf(serviceId) }),
    checks: [
      {
        node: 'n1',
        checkId,
        name: checkId,
        status,
        notes: '',
        output: '',
        serviceId,
        type: '',
        interval: '',
        timeout: '',
        exposedPort: 0,
        definition: {},
      },
    ],
  });

const serviceOf = (name: string) => ({
  kind: '' as const,
  id: name,
  service: name,
  tags: [],
  address: '',
  port: 1,
  socketPath: '',
  taggedAddresses: {},
  meta: {},
  weights: { passing: 1, warning: 1 },
  enableTagOverride: false,
  connect: { native: false },
});

const session = (id: string, given: Partial<SessionDefinition> = {}) =>
  createSession(
    store,
    {
      id,
      name: '',
      node: 'n1',
      lockDelayMs: 0,
      behavior: 'release',
      ttl: '',
      nodeChecks: ['serfHealth'],
      serviceChecks: null,
      ...given,
    },
    { minTtlMs: 10_000 },
  );

const value = (key: string) => ({ key, value: Buffer.from('x'), flags: '0' });
const acquire = async (key: string, id: string) =>
  (await store.transact('t', (transaction) => acquireKv(transaction, value(key), id))).result;
const release = async (key: string, id: string) =>
  (await store.transact('t', (transaction) => releaseKv(transaction, value(key), id))).result;
const ids = () => store.view.range('sessions', 'all', []).map(({ id }) => id);
const holder = (key: string) => store.view.get('kv', key)?.session;
const nextTurn = () => new Promise<void>((resolve) => setImmediate(resolve));
const keep = () => keepSessions({ store, clock, nextTurn, warn: (message) => expect.unreachable(message) });

/** Lets promises and slices that are under way finish. */
async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await nextTurn();
}

describe('a session ends in the transaction that', () => {
  const endings: readonly (readonly [string, () => Promise<unknown>])[] = [
    ['destroys it', () => destroySession(store, 's')],
    ['removes its node', () => deregisterFromCatalog(store, { node: 'N1', serviceId: '', checkId: '' })],
    ['makes a check of its node critical', () => register('serfHealth', 'critical')],
    [
      'removes a check of its node',
      () => deregisterFromCatalog(store, { node: 'n1', serviceId: '', checkId: 'serfHealth' }),
    ],
    ['makes a check of a service critical', () => register('web-up', 'critical', 'web')],
    [
      'removes a check of a service',
      () => deregisterFromCatalog(store, { node: 'n1', serviceId: '', checkId: 'web-up' }),
    ],
    [
      'removes the service with the check',
      () => deregisterFromCatalog(store, { node: 'n1', serviceId: 'web', checkId: '' }),
    ],
  ];

  test.each(endings)('%s, and its keys are free at the same index', async (_what, end) => {
    await register('web-up', 'passing', 'web');
    await session('s', { serviceChecks: [{ id: 'web-up', namespace: '' }] });
    expect(await acquire('a', 's')).toBe(true);
    expect(holder('a')).toBe('s');
    const commits: string[][] = [];
    store.commits$.subscribe(({ changes }) => commits.push(changes.map(({ table, key }) => `${table} ${key}`)));
    await end();
    expect(ids()).toEqual([]);
    expect(holder('a')).toBe('');
    expect(commits.find((changes) => changes.includes('sessions s'))).toContain('kv a');
  });

  test('does not end those of other nodes and other checks', async () => {
    await register('other', 'passing');
    await session('s', { nodeChecks: ['other'] });
    await session('t');
    await register('other', 'warning');
    expect(ids()).toEqual(['s', 't']);
    await register('other', 'critical');
    expect(ids()).toEqual(['t']);
  });

  test('takes prepared queries that were made for it along', async () => {
    await session('s');
    await store.transact('t', (transaction) =>
      transaction.put('prepared-queries', { ...emptyQuery, id: 'q', session: 's' }),
    );
    await destroySession(store, 's');
    expect(store.view.get('prepared-queries', 'q')).toBeUndefined();
  });
});

const emptyQuery = {
  name: '',
  token: '',
  template: { type: '', regexp: '', removeEmptyTags: false },
  service: {
    service: 'web',
    samenessGroup: '',
    failover: { nearestN: 0, datacenters: null, targets: null },
    onlyPassing: false,
    ignoreCheckIds: null,
    near: '',
    tags: null,
    nodeMeta: null,
    serviceMeta: null,
    connect: false,
    peer: '',
  },
  dns: { ttl: '' },
};

describe('a session is refused', () => {
  test.each<[string, Partial<SessionDefinition>, RegExp]>([
    ['on an unknown node', { node: 'nowhere' }, /Missing node registration/],
    ['for an unknown check', { nodeChecks: ['nope'] }, /Missing check 'nope' registration/],
    ['for a TTL below the least', { ttl: '9s' }, /Invalid Session TTL '9s', must be between \[10s=24h0m0s\]/],
    ['for a TTL above the most', { ttl: '25h' }, /Invalid Session TTL/],
    ['for a TTL that is no duration', { ttl: '10' }, /Session TTL '10' invalid/],
    ['for a negative lock-delay', { lockDelayMs: -1 }, /LockDelay/],
    ['for too many checks', { nodeChecks: Array.from({ length: 65 }, (_, at) => `c${at}`) }, /at most 64 checks/],
  ])('%s', async (_what, given, expected) => {
    await expect(async () => session('s', given)).rejects.toThrow(expected);
    expect(ids()).toEqual([]);
  });

  test('for a check that is critical', async () => {
    await register('disk', 'critical');
    await expect(session('s', { nodeChecks: ['disk'] })).rejects.toThrow(/Check 'disk' is in critical state/);
  });
});

describe('a lock', () => {
  test('has one holder, and counts its holders', async () => {
    await session('s');
    await session('t');
    expect(await acquire('a', 's')).toBe(true);
    expect(await acquire('a', 't')).toBe(false);
    expect(await acquire('a', 's')).toBe(true);
    expect(store.view.get('kv', 'a')?.lockIndex).toBe(1);
    expect(await release('a', 't')).toBe(false);
    expect(await release('a', 's')).toBe(true);
    expect(await release('a', 's')).toBe(false);
    expect(await acquire('a', 't')).toBe(true);
    expect(store.view.get('kv', 'a')?.lockIndex).toBe(2);
  });

  test('cannot be taken by a session that does not exist', async () => {
    await expect(acquire('a', 'nobody')).rejects.toThrow('invalid session "nobody"');
    expect(store.view.get('kv', 'a')).toBeUndefined();
  });

  test('is delayed for as long as the session that lost it said', async () => {
    await session('s', { lockDelayMs: 15_000 });
    await session('t');
    await acquire('a', 's');
    await destroySession(store, 's');
    clock.advance(14_999);
    expect(await acquire('a', 't')).toBe(false);
    clock.advance(1);
    expect(await acquire('a', 't')).toBe(true);
  });

  test('is delayed at most a minute, and at once free when it was given back', async () => {
    await session('s', { lockDelayMs: 600_000 });
    await session('t');
    await acquire('a', 's');
    await acquire('b', 's');
    await release('b', 's');
    await destroySession(store, 's');
    expect(await acquire('b', 't')).toBe(true);
    clock.advance(60_000);
    expect(await acquire('a', 't')).toBe(true);
  });

  test('is delayed too when the key went with the session', async () => {
    await session('s', { behavior: 'delete', lockDelayMs: 5_000 });
    await session('t');
    await acquire('a', 's');
    await destroySession(store, 's');
    expect(store.view.get('kv', 'a')).toBeUndefined();
    expect(await acquire('a', 't')).toBe(false);
    clock.advance(5_000);
    expect(await acquire('a', 't')).toBe(true);
  });
});

describe('the keeper', () => {
  test('ends a session between one and two TTLs after its last renewal', async () => {
    const keeper = keep();
    await session('s', { ttl: '10s' });
    clock.advance(10_000);
    await settle();
    expect(ids()).toEqual(['s']);
    await keeper.renew(store.view.get('sessions', 's') as never);
    clock.advance(10_000);
    await settle();
    expect(ids()).toEqual(['s']);
    clock.advance(10_000);
    await settle();
    expect(ids()).toEqual([]);
    keeper.close();
  });

  test('tells those of other servers of a renewal, where the state is shared', async () => {
    const options = { store, clock, nextTurn, shared: true, warn: (message: string) => expect.unreachable(message) };
    const [here, elsewhere] = [keepSessions(options), keepSessions(options)];
    await session('s', { ttl: '10s' });
    for (let renewals = 0; renewals < 4; renewals += 1) {
      clock.advance(10_000);
      await here.renew(store.view.get('sessions', 's') as never);
      await settle();
      expect(ids()).toEqual(['s']);
    }
    clock.advance(20_000);
    await settle();
    expect(ids()).toEqual([]);
    expect(store.view.get('session-renewals', 's')).toBeUndefined();
    here.close();
    elsewhere.close();
  });

  test('are ended by the server that has the duty to, and their timers start afresh when it gets it', async () => {
    let begin: (() => () => void) | undefined;
    const writes: string[] = [];
    const duty: Duty = {
      isHeld: true,
      transact: (name, run) => {
        writes.push(name);
        return store.transact(name, run);
      },
    };
    const take: TakeDuty = (start) => {
      begin = () => start(duty);
      return () => undefined;
    };
    const keeper = keepSessions({ store, clock, nextTurn, take, warn: (message) => expect.unreachable(message) });
    await session('s', { ttl: '10s' });
    clock.advance(100_000);
    await settle();
    expect(ids()).toEqual(['s']);
    expect(keeper.running).toBe(0);
    const end = begin?.();
    expect(keeper.running).toBe(1);
    clock.advance(10_000);
    end?.();
    expect(keeper.running).toBe(0);
    clock.advance(100_000);
    await settle();
    expect(ids()).toEqual(['s']);
    begin?.();
    clock.advance(20_000);
    await settle();
    expect(ids()).toEqual([]);
    expect(writes).toEqual(['session-expire']);
  });

  test('starts all timers afresh when it starts', async () => {
    await session('s', { ttl: '10s' });
    clock.advance(1_000_000);
    const keeper = keep();
    clock.advance(10_000);
    await settle();
    expect(ids()).toEqual(['s']);
    clock.advance(10_000);
    await settle();
    expect(ids()).toEqual([]);
    keeper.close();
  });

  test('ends nobody at once after the process stood still: it heard no renewals', async () => {
    const late: { readonly task: () => void; readonly delayMs: number }[] = [];
    let nowMs = 0;
    const stopped = {
      now: () => nowMs,
      after: (delayMs: number, task: () => void) => {
        const timer = { task, delayMs };
        late.push(timer);
        return () => void late.splice(late.indexOf(timer), 1);
      },
    };
    const keeper = keepSessions({ store, clock: stopped, nextTurn, warn: () => undefined });
    await session('s', { ttl: '10s' });
    expect(late.map(({ delayMs }) => delayMs)).toEqual([15_000]);
    nowMs = 60_000;
    late[0]?.task();
    await settle();
    expect(ids()).toEqual(['s']);
    expect(late.at(-1)?.delayMs).toBe(10_000);
    nowMs = 70_000;
    late.at(-1)?.task();
    await settle();
    expect(ids()).toEqual([]);
    keeper.close();
  });

  test('has no timer for a session that has ended or needs none', async () => {
    const keeper = keep();
    const before = clock.pending;
    await session('s', { ttl: '10s' });
    await session('t');
    expect(clock.pending).toBe(before + 1);
    await destroySession(store, 's');
    expect(clock.pending).toBe(before);
    keeper.close();
  });

  test('forgets lock-delays that are over', async () => {
    const keeper = keep();
    await session('s', { lockDelayMs: 1_000 });
    await acquire('a', 's');
    await destroySession(store, 's');
    expect(store.view.range('lock-delays', 'all', [])).toHaveLength(1);
    clock.advance(61_000);
    await settle();
    expect(store.view.range('lock-delays', 'all', [])).toEqual([]);
    keeper.close();
  });

  test.each(['release', 'delete'] as const)('gives many keys back in slices (%s)', async (behavior) => {
    const keeper = keep();
    await session('s', { behavior, lockDelayMs: 15_000 });
    await session('t');
    for (let at = 0; at < 600; at += 100)
      await store.transact('t', (transaction) => {
        for (let key = at; key < at + 100; key += 1) acquireKv(transaction, value(`k${key}`), 's');
      });
    const sizes: number[] = [];
    store.commits$.subscribe(({ changes }) => sizes.push(changes.filter(({ table }) => table === 'kv').length));
    await destroySession(store, 's');
    const first = store.view.get('kv', 'k0');
    expect(first?.session).toBe('s');
    expect(holderOf(store.view, first as never)).toBe('');
    expect(await release('k0', 's')).toBe(false);
    expect(await acquire('k599', 't')).toBe(false);
    await settle();
    expect(store.view.range('kv', 'bySession', ['s'])).toEqual([]);
    expect(store.view.range('ended-sessions', 'all', [])).toEqual([]);
    expect(store.view.range('kv', 'prefix', ['k'])).toHaveLength(behavior === 'delete' ? 0 : 600);
    expect(Math.max(...sizes)).toBe(128);
    expect(await acquire('k0', 't')).toBe(false);
    clock.advance(15_000);
    expect(await acquire('k0', 't')).toBe(true);
    keeper.close();
  });

  test('goes on with slices that were not done when the process ended', async () => {
    await session('s');
    await store.transact('t', (transaction) => {
      for (let key = 0; key < 300; key += 1) acquireKv(transaction, value(`k${key}`), 's');
    });
    await destroySession(store, 's');
    expect(store.view.range('kv', 'bySession', ['s'])).toHaveLength(300);
    const keeper = keep();
    await settle();
    expect(store.view.range('kv', 'bySession', ['s'])).toEqual([]);
    keeper.close();
  });
});
