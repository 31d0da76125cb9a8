import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  elsewhere,
  type FormingInput,
  type FormingState,
  formingStep,
  type Introduction,
} from '../../../src/cluster/managed-etcd/forming.js';

/** A server of the simulation: what it keeps, what it forgets at a restart, and the questions that are on their way. */
class SimulatedServer {
  readonly id: string;
  readonly joins: readonly string[];
  state: FormingState = { record: {} };
  waitsFor: string | undefined;
  isDown = false;
  views = new Map<string, Introduction>();
  behind = new Map<string, string>();
  heard = new Set<string>();
  /** By whom is asked: the answer, once it was given and until it arrives. */
  readonly open = new Map<string, Introduction | undefined>();
  readonly #expect: number;
  readonly #world: World;

  constructor(world: World, id: string, joins: readonly string[], expect: number) {
    [this.#world, this.id, this.joins, this.#expect] = [world, id, joins, expect];
  }

  get introduction(): Introduction {
    const { proposal, record } = this.state;
    const { promise, decided } = record;
    return {
      id: this.id,
      node: `node-${this.id}`,
      datacenter: 'dc1',
      address: this.id,
      peerUrl: `https://${this.id}:2380`,
      clientUrl: `https://${this.id}:2379`,
      expect: this.#expect,
      joined: this.joined,
      ...(proposal && { proposal }),
      ...(promise && { promise }),
      ...(decided && { decided }),
      running: false,
    };
  }

  get joined(): (string | null)[] {
    return this.joins.map((address) => this.behind.get(address) ?? null);
  }

  get targets(): string[] {
    // Servers tell each other whom they know.
    const known = [...this.views.keys()].flatMap((id) => [id, ...this.#world.known(id)]);
    return [...new Set([...this.joins, ...known, ...this.heard])].filter((address) => address !== this.id);
  }

  step(): void {
    const input: FormingInput = {
      self: { id: this.id, peerUrl: `https://${this.id}:2380`, expect: this.#expect, datacenter: 'dc1' },
      state: this.state,
      joined: this.joined,
      others: [...this.views.values()],
      newAttempt: () => this.#world.newAttempt(),
    };
    ({ state: this.state, waitsFor: this.waitsFor } = formingStep(input) as Required<ReturnType<typeof formingStep>>);
    if (this.state.record.decided) this.#world.decisions.add(this.state.record.decided.attempt);
  }

  restart(): void {
    this.state = { record: this.state.record };
    this.views = new Map();
    this.behind = new Map();
    this.heard = new Set();
    this.open.clear();
  }
}

/** Questions, answers, restarts, losses and steps in the order that a list of numbers says. */
class World {
  readonly servers: SimulatedServer[];
  readonly decisions = new Set<string>();
  #attempts = 0;

  constructor(joins: readonly (readonly string[])[], expects: readonly number[]) {
    this.servers = joins.map((each, at) => new SimulatedServer(this, `s${at}`, each, expects[at] as number));
    for (const server of this.servers) if (server.joins.includes(server.id)) server.behind.set(server.id, server.id);
  }

  newAttempt(): string {
    this.#attempts += 1;
    return `attempt-${this.#attempts}`;
  }

  known(id: string): string[] {
    return [...(this.servers.find((server) => server.id === id)?.views.keys() ?? [])];
  }

  /** Three of so many events are mishaps: a restart, a server that goes or comes, an answer that is forgotten. */
  act(choice: number, detail: number, ofEvents: number): void {
    const server = this.servers[detail % this.servers.length] as SimulatedServer;
    const drawn = choice % ofEvents;
    const turn = drawn < 20 ? drawn : 3 + (drawn % 17);
    if (turn === 0) server.restart();
    else if (turn === 1) server.isDown = !server.isDown;
    else if (turn === 2) this.#lose(server, detail);
    else if (turn < 9) this.#ask(server, detail);
    else if (turn < 15) this.#arrive(server, detail);
    else if (!server.isDown) server.step();
    if (turn === 0 && server.joins.includes(server.id)) server.behind.set(server.id, server.id);
  }

  /** Everything works for a while. */
  calm(rounds: number): void {
    for (const server of this.servers) {
      server.isDown = false;
      server.open.clear();
    }
    for (let round = 0; round < rounds; round += 1)
      for (const server of this.servers) {
        for (const target of server.targets) {
          this.#ask(server, 0, target);
          this.#arrive(server, 0, target);
        }
        server.step();
      }
  }

  /** An answer is taken at one time and arrives at another; only one question to a server is on its way. */
  #ask(server: SimulatedServer, detail: number, named?: string): void {
    const target = named ?? server.targets[(detail >> 3) % Math.max(1, server.targets.length)];
    const asked = this.servers.find(({ id }) => id === target);
    if (!asked || server.isDown || server.open.has(asked.id)) return;
    server.open.set(asked.id, asked.isDown ? undefined : asked.introduction);
    // Who is asked learns of who asks, and will ask back.
    if (!asked.isDown) asked.heard.add(server.id);
  }

  #arrive(server: SimulatedServer, detail: number, named?: string): void {
    const open = [...server.open];
    const found =
      named === undefined ? open[(detail >> 3) % Math.max(1, open.length)] : open.find(([id]) => id === named);
    if (!found || server.isDown) return;
    const [id, answer] = found;
    server.open.delete(id);
    if (answer) {
      server.views.set(id, answer);
      if (server.joins.includes(id)) server.behind.set(id, id);
    } else this.#forget(server, id);
  }

  #lose(server: SimulatedServer, detail: number): void {
    const id = [...server.views.keys()][(detail >> 3) % Math.max(1, server.views.size)];
    if (id !== undefined) this.#forget(server, id);
  }

  #forget(server: SimulatedServer, id: string): void {
    server.views.delete(id);
    if (id !== server.id) server.behind.delete(id);
  }
}

const events = fc.array(fc.tuple(fc.nat(1000), fc.nat(1_000_000)), { minLength: 50, maxLength: 600, size: 'max' });

describe('forming the cluster', () => {
  it('decides on one plan, whatever the order, restarts and partial views, and whoever else has the same list', () => {
    let decidedEarly = 0;
    fc.assert(
      fc.property(
        fc.integer({ min: 2, max: 6 }),
        fc.integer({ min: 2, max: 3 }),
        fc.nat(),
        fc.constantFrom(20, 100, 500),
        events,
        (count, expected, seed, ofEvents, order) => {
          const expectCount = Math.min(count, expected);
          const all = Array.from({ length: count }, (_, at) => `s${at}`);
          // One list for all: any part of them, so that some servers are known only through others.
          const list = all.filter((_, at) => ((seed >> at) & 1) === 1 || at === seed % count);
          const world = new World(
            all.map(() => list),
            all.map(() => expectCount),
          );
          for (const [choice, detail] of order) world.act(choice, detail, ofEvents);
          decidedEarly += world.decisions.size;
          expect(world.decisions.size).toBeLessThanOrEqual(1);
          world.calm(30);
          expect(world.decisions.size).toBe(1);
          for (const server of world.servers) expect(server.state.record.decided).toBeDefined();
          expect(world.servers[0]?.state.record.decided?.founders).toHaveLength(expectCount);
        },
      ),
      // Without the leaning to small numbers, which are restarts here.
      { numRuns: 120, plugins: [fc.unbiased()] },
    );
    expect(decidedEarly).toBeGreaterThan(0);
  });

  it('needs no list on the server that all others have on theirs', () => {
    const world = new World([[], ['s0'], ['s0']], [3, 3, 3]);
    world.calm(12);
    expect(world.decisions.size).toBe(1);
    expect(world.servers.map(({ state }) => state.record.decided?.founders.map(({ id }) => id))).toEqual([
      ['s0', 's1', 's2'],
      ['s0', 's1', 's2'],
      ['s0', 's1', 's2'],
    ]);
  });

  it('blocks while the servers expect different numbers, and says so', () => {
    const list = ['s0', 's1', 's2'];
    const world = new World([list, list, list], [3, 3, 2]);
    world.calm(20);
    expect(world.decisions.size).toBe(0);
    expect(world.servers[0]?.waitsFor).toBe(
      'bootstrap_expect is 3 here and 2 on node-s2 (s2): give all servers the same',
    );
  });

  it('waits for every address of the list, so that a part of the servers never founds a cluster of its own', () => {
    const list = ['s0', 's1', 's2'];
    const world = new World([list, list, list], [2, 2, 2]);
    const third = world.servers[2] as SimulatedServer;
    for (let round = 0; round < 400; round += 1) {
      third.isDown = true;
      world.act(3 + (round % 17), round * 37, 20);
    }
    expect(world.decisions.size).toBe(0);
    world.calm(20);
    expect(world.decisions.size).toBe(1);
  });

  it('lets a server that expects nothing take part in what the others decide', () => {
    const list = ['s0', 's1'];
    const world = new World([list, list, list], [2, 2, 0]);
    world.calm(20);
    expect(world.servers[2]?.state.record.decided?.founders.map(({ id }) => id)).toEqual(['s0', 's1']);
  });

  it('keeps a promise over a restart until the coordinator itself has given the attempt up', () => {
    const founders = [
      { id: 'a', peerUrl: 'https://a:2380' },
      { id: 'b', peerUrl: 'https://b:2380' },
    ];
    const self = { id: 'b', peerUrl: 'https://b:2380', expect: 2, datacenter: 'dc1' };
    const other = (id: string, proposal?: Introduction['proposal']): Introduction => ({
      id,
      node: id,
      datacenter: 'dc1',
      address: id,
      peerUrl: `https://${id}:2380`,
      clientUrl: `https://${id}:2379`,
      expect: 2,
      joined: [],
      running: false,
      ...(proposal && { proposal }),
    });
    const step = (state: FormingState, others: readonly Introduction[]) =>
      formingStep({ self, state, joined: [], others, newAttempt: () => 'new' });
    const promised = step({ record: {} }, [other('a', { attempt: 'x', founders })]).state;
    expect(promised.record.promise).toEqual({ coordinator: 'a', attempt: 'x' });
    const elsewhere = step(promised, [other('0', { attempt: 'y', founders })]);
    expect(elsewhere.state.record.promise).toEqual({ coordinator: 'a', attempt: 'x' });
    expect(elsewhere.waitsFor).toContain('server a');
    const free = step(promised, [other('a', { attempt: 'z', founders })]).state;
    expect(free.record.promise).toBeUndefined();
  });
});

describe('data of another etcd cluster', () => {
  const said = (id: string, more: Partial<Introduction>): Introduction => ({
    ...{
      id,
      node: id,
      datacenter: 'dc1',
      address: id,
      peerUrl: '',
      clientUrl: '',
      expect: 0,
      joined: [],
      running: true,
    },
    ...more,
  });

  it('are known by a server that runs in another one', () => {
    const others = [said('a', { cluster: '7' }), said('b', { running: false, cluster: '8' }), said('c', {})];
    expect(elsewhere('7', others)).toBeUndefined();
    expect(elsewhere('8', others)?.id).toBe('a');
    expect(elsewhere(undefined, others)).toBeUndefined();
  });
});
