import { afterEach, describe, expect, it } from 'vitest';
import { createDuties, createLiveness, createMemberKeeper, type MemberKeeper } from '../../../src/cluster/index.js';
import { applyRegistration } from '../../../src/discovery/catalog/index.js';
import { AppError } from '../../../src/core/index.js';
import { checkKey, nodeKey } from '../../../src/model/index.js';
import {
  createMemoryBackend,
  createMemoryLiveArea,
  createStateStore,
  type LiveArea,
  type StateStore,
} from '../../../src/state/index.js';
import { ManualClock } from '../../state/support/manual-clock.js';
import { factsOf } from '../support/cluster-rig.js';

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

let lastLive: LiveArea | undefined;

const SELF = { ...factsOf('s1'), nodeId: '00000000-0000-0000-0000-000000000001', tags: { role: 'consul' } };

interface Rig {
  readonly keeper: MemberKeeper;
  readonly store: StateStore;
  /** Lets time pass, and what follows from it happen. */
  readonly pass: (ms: number) => Promise<void>;
  readonly statusOf: (node: string) => string | undefined;
  readonly healthOf: (node: string) => string | undefined;
}

/** The store, but that `member-left` fails as long as `problem` gives an error; what was asked of it is counted. */
function failing(store: StateStore, problem: () => AppError | undefined): StateStore {
  const transact: StateStore['transact'] = async (name, run, fence) => {
    const error = name === 'member-left' ? problem() : undefined;
    if (error) throw error;
    return store.transact(name, run, fence);
  };
  return new Proxy(store, {
    get(target, name) {
      if (name === 'transact') return transact;
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}

const noLeader = (): AppError =>
  new AppError('unavailable', 'etcd at s1:2379 does not answer (no leader): try again later.');

async function open(
  met: (doors: readonly string[]) => void = () => undefined,
  keys: readonly string[] = [],
  problem: () => AppError | undefined = () => undefined,
  onStay: () => void = () => undefined,
): Promise<Rig> {
  const clock = new ManualClock();
  const store = createStateStore({
    backend: createMemoryBackend(),
    clock,
    random: () => 0.5,
    onProblem: () => undefined,
  });
  await store.ready;
  const live = createMemoryLiveArea();
  lastLive = live;
  const warn = (message: string): never => {
    throw new Error(message);
  };
  const duties = createDuties({ live, store, server: 's1', clock, warn });
  const keeper = createMemberKeeper({
    store: failing(store, problem),
    onStay,
    liveness: createLiveness(live),
    take: (start) => duties.take('membership', start),
    self: () => SELF,
    reconnectTimeoutMs: 72 * 3_600_000,
    clock,
    warn,
    met,
    keys: () => keys,
  });
  closers.push(
    () => store.close(),
    () => duties.close(),
    () => keeper.close(),
  );
  const settle = async (): Promise<void> => {
    for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setImmediate(resolve));
  };
  await keeper.show();
  await settle();
  return {
    keeper,
    store,
    async pass(ms) {
      await settle();
      for (let left = ms; left > 0; left -= 500) {
        clock.advance(Math.min(left, 500));
        await settle();
      }
    },
    statusOf: (node) => keeper.list().find(({ name }) => name === node)?.status,
    healthOf: (node) => store.view.get('checks', checkKey(node, 'serfHealth'))?.status,
  };
}

describe('members', () => {
  it('are registered with a passing check when they come, and listed after this server', async () => {
    const { keeper, store, pass, healthOf } = await open();
    keeper.alive(factsOf('web'));
    await pass(500);
    expect(keeper.list().map(({ name, status }) => [name, status])).toEqual([
      ['s1', 'alive'],
      ['web', 'alive'],
    ]);
    expect(store.view.get('nodes', nodeKey('web'))).toMatchObject({ address: '10.0.0.2', datacenter: 'dc1' });
    expect(healthOf('web')).toBe('passing');
  });

  it('whose heartbeat is gone are critical within ten seconds, and passing when they are back', async () => {
    const { keeper, pass, statusOf, healthOf } = await open();
    await pass(10_000);
    keeper.alive(factsOf('web'));
    await pass(500);
    keeper.gone(factsOf('web'));
    await pass(1500);
    expect([statusOf('web'), healthOf('web')]).toEqual(['alive', 'passing']);
    await pass(3000);
    expect([statusOf('web'), healthOf('web')]).toEqual(['failed', 'critical']);
    keeper.alive(factsOf('web'));
    await pass(500);
    expect([statusOf('web'), healthOf('web')]).toEqual(['alive', 'passing']);
  });

  it('that leave are out of the catalog at once, with all that is on their nodes', async () => {
    const { keeper, store, pass, statusOf } = await open();
    keeper.alive(factsOf('web'));
    await pass(500);
    await store.transact('test', (transaction) =>
      applyRegistration(transaction, {
        ...{ node: 'web', id: '', address: '', datacenter: 'dc1', taggedAddresses: {}, meta: {}, skipNodeUpdate: true },
        checks: [],
        service: {
          ...{ kind: '', id: 'w', service: 'w', tags: [], address: '', port: 1, socketPath: '', taggedAddresses: {} },
          ...{ meta: {}, weights: { passing: 1, warning: 1 }, enableTagOverride: false, connect: { native: false } },
        },
      }),
    );
    await keeper.left(factsOf('web'));
    expect(store.view.get('nodes', 'web')).toBeUndefined();
    expect(store.view.range('services', 'byNode', ['web'])).toEqual([]);
    expect(statusOf('web')).toBe('left');
  });

  it('that have failed are forgotten after reconnect_timeout', async () => {
    const { keeper, store, pass, statusOf } = await open();
    keeper.alive({ ...factsOf('web'), reconnectTimeoutMs: 60_000 });
    await pass(500);
    keeper.gone(factsOf('web'));
    await pass(20_000);
    expect(statusOf('web')).toBe('failed');
    await pass(60_000);
    expect(statusOf('web')).toBeUndefined();
    expect(store.view.get('nodes', 'web')).toBeUndefined();
  });

  it('whose nodes somebody else removed are put back within a minute', async () => {
    const { keeper, store, pass, healthOf } = await open();
    keeper.alive(factsOf('web'));
    await pass(500);
    await store.transact('test', (transaction) => {
      transaction.delete('checks', checkKey('web', 'serfHealth'));
      transaction.delete('nodes', 'web');
    });
    await pass(61_000);
    expect(healthOf('web')).toBe('passing');
  });

  it('that have failed can be said to have left, and be forgotten; living ones contradict', async () => {
    const { keeper, pass, statusOf } = await open();
    keeper.alive(factsOf('web'));
    await pass(500);
    await keeper.forceLeave('WEB', { prune: false });
    expect(statusOf('web')).toBe('alive');
    keeper.gone(factsOf('web'));
    await pass(20_000);
    await keeper.forceLeave('WEB', { prune: false });
    expect(statusOf('web')).toBe('left');
    await keeper.forceLeave('web', { prune: true });
    expect(statusOf('web')).toBeUndefined();
    await expect(keeper.forceLeave('web', { prune: false })).rejects.toThrow("agent: No node found with name 'web'");
    await expect(keeper.forceLeave('S1', { prune: false })).rejects.toThrow('is this agent and alive');
  });

  it('leave although the state takes no change at first', async () => {
    let failures = 3;
    const { keeper, store, pass } = await open(undefined, [], () => (failures-- > 0 ? noLeader() : undefined));
    keeper.alive(factsOf('web'));
    await pass(500);
    const left = keeper.left(factsOf('web'));
    await pass(2000);
    await left;
    expect(store.view.get('members', 'web')?.status).toBe('left');
    failures = 3;
    const leaving = keeper.leave(10_000);
    await pass(2000);
    await leaving;
    expect([failures, store.view.get('members', 's1')?.status]).toEqual([-1, 'left']);
    expect(store.view.get('nodes', 's1')).toBeUndefined();
  });

  it('can be let go although the state takes no change at first; what time does not mend is told at once', async () => {
    const problems = [
      noLeader(),
      new AppError('busy', 'Too many others'),
      undefined,
      new AppError('tooLarge', 'too large'),
    ];
    const { keeper, pass, statusOf } = await open(undefined, [], () => problems.shift());
    keeper.alive(factsOf('web'));
    await pass(500);
    keeper.gone(factsOf('web'));
    await pass(20_000);
    const letGo = keeper.forceLeave('web', { prune: false });
    await pass(1500);
    await letGo;
    expect(statusOf('web')).toBe('left');
    await expect(keeper.forceLeave('web', { prune: true })).rejects.toThrow('too large');
  });

  it('that cannot leave in time are told so, stay, and leave when they are asked again', async () => {
    let problem: AppError | undefined = noLeader();
    let stays = 0;
    const { keeper, store, pass } = await open(
      undefined,
      [],
      () => problem,
      () => (stays += 1),
    );
    await pass(500);
    const told = keeper.leave(2200).catch((thrown: unknown) => String(thrown));
    await pass(2500);
    expect(await told).toBe(
      'AppError: this server has not left and goes on as a member (etcd at s1:2379 does not answer (no leader): try again later): ask it again to leave',
    );
    await pass(2000);
    expect([stays, store.view.get('members', 's1')?.status]).toEqual([1, 'alive']);
    keeper.alive(factsOf('web'));
    await pass(1000);
    expect(store.view.get('members', 'web')?.status).toBe('alive');
    problem = undefined;
    await keeper.leave(2000);
    expect(store.view.get('members', 's1')?.status).toBe('left');
  });

  it('whose leaving comes to an end after nobody waits for it stay', async () => {
    let stays = 0;
    const { keeper, store, pass } = await open(undefined, [], undefined, () => (stays += 1));
    await pass(500);
    let goOn = (): void => undefined;
    const remove = lastLive?.remove.bind(lastLive);
    Object.assign(lastLive as LiveArea, {
      remove: (key: string) => new Promise<void>((resolve) => (goOn = resolve)).then(() => remove?.(key)),
    });
    const told = keeper.leave(2000).catch((thrown: unknown) => String(thrown));
    await pass(2500);
    expect(await told).toContain('the state took no change in time');
    Object.assign(lastLive as LiveArea, { remove });
    goOn();
    await pass(3000);
    expect([stays, store.view.get('members', 's1')?.status]).toEqual([1, 'alive']);
  });

  it('that are servers are told by their doors', async () => {
    const doors: (readonly string[])[] = [];
    const { pass } = await open((given) => doors.push(given));
    const server = { ...factsOf('s2'), nodeId: 'other', tags: { role: 'consul', port: '8300' } };
    const value = JSON.stringify({ facts: server, role: 'server', heldSinceMs: 0 });
    await lastLive?.put('members/s2/other', value);
    await pass(500);
    expect(doors.at(-1)).toEqual(['10.0.0.2:8300']);
  });

  it('of one name are two: the second does not come up, but for the trace of an earlier process', async () => {
    const { keeper, pass } = await open();
    await lastLive?.put(
      'members/s1/other',
      JSON.stringify({ facts: { ...SELF, nodeId: 'other' }, role: 'server', heldSinceMs: 0 }),
    );
    let problem = '';
    const shown = keeper.show().catch((thrown: unknown) => (problem = String(thrown)));
    await pass(11_000);
    expect(problem).toBe('');
    await pass(3000);
    await shown;
    expect(problem).toMatch(
      /the name "s1" is that of a living member with node id other: give this agent another with -node/,
    );
    const again = keeper.show();
    await lastLive?.remove('members/s1/other');
    await pass(2000);
    await again;
  });

  it('are not joined by a server of another cluster key, on the same state', async () => {
    const { keeper, pass } = await open(undefined, ['k1', 'k2']);
    const facts = { ...factsOf('s2'), nodeId: 'other' };
    await lastLive?.put('members/s2/other', JSON.stringify({ facts, role: 'server', heldSinceMs: 0, keys: ['k2'] }));
    await keeper.show();
    await lastLive?.put('members/s2/other', JSON.stringify({ facts, role: 'server', heldSinceMs: 0, keys: ['k3'] }));
    const refused = keeper.show().catch((thrown: unknown) => String(thrown));
    await pass(15_000);
    expect(await refused).toContain(
      'server "s2" lives on the same state and has another cluster key: give this server the key in use (encrypt)',
    );
  });

  it('may have neither the name nor the id of another that lives', async () => {
    const { keeper, pass } = await open();
    const { nodeId } = factsOf('web');
    keeper.alive(factsOf('web'));
    await pass(500);
    expect(keeper.conflict('web', nodeId)).toBeUndefined();
    expect(keeper.conflict('Web', 'another')).toMatch(/^the name "web" is that of a living member with node id 1111/);
    expect(keeper.conflict('db', nodeId)).toMatch(/^node id 1111\S+ is that of the living member "web"/);
    expect(keeper.conflict('S1', nodeId)).toMatch(/^the name "s1" is that of a living member/);
    keeper.gone(factsOf('web'));
    await pass(500);
    expect(keeper.conflict('db', nodeId)).toBeUndefined();
  });
});
