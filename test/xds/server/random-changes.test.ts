import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { scanDeltaRequest } from '../../../src/xds/server/discovery-request.js';
import { applyDelta } from '../../../src/xds/server/delta-stream.js';
import { typeOfUrl } from '../../../src/xds/server/type-urls.js';
import type { EncodedResource, ResourceType } from '../../../src/xds/resources/spec.js';
import { FakeEnvoy } from '../../support/fake-envoy/index.js';
import {
  aggregateCluster,
  cluster,
  endpoints,
  extension,
  listener,
  roots,
  route,
  staticCluster,
} from './support/resources.js';
import { needsOf, type RigNames, SessionRig } from './support/session-rig.js';

/** A mesh that changes at random, a session, and a fake Envoy on a slow line; what holds whatever happens. */

const UPSTREAMS = ['a', 'b', 'c'];
const GENERATIONS = 4;
const RBAC = 'envoy.filters.http.rbac';

interface Upstream {
  /** Which cluster its route leads to. */
  generation: number;
  /** Whether it is there. */
  present: boolean;
  /** Whether it has a route of its own. */
  routed: boolean;
  /** Whether its cluster is an aggregate of two others. */
  failsOver: boolean;
}

const membersOf = (name: string, generation: number): [string, string] => [
  `${name}${generation}x`,
  `${name}${generation}y`,
];

class RandomMesh {
  readonly rig = new SessionRig({});
  readonly upstreams = new Map<string, Upstream>();
  readonly #toServer: Buffer[] = [];
  readonly #toClient: Buffer[] = [];
  #receive: ((message: Buffer) => void) | undefined;
  #written = 0;
  readonly envoy: FakeEnvoy;
  /** Routes that lead nowhere, seen at the client after a message. */
  readonly broken: string[] = [];
  /** Those that were taken away lately lose their endpoints before their route. */
  readonly #leaving = new Set<string>();
  /** Aggregates that were given to the client on this stream, and when. */
  readonly #given = new Map<string, { readonly version: string; readonly atMs: number }>();
  /** Aggregates that were changed or removed while Envoy's workers may not have taken them over. */
  readonly hasty: string[] = [];
  /** Routes that led to somebody before: a client without one has no traffic there to lose. */
  readonly #served = new Set<string>();
  /** Clusters that were ready once. */
  readonly #warm = new Set<string>();
  #version = 0;
  #badRoute: string | undefined;

  constructor() {
    for (const name of UPSTREAMS)
      this.upstreams.set(name, { generation: 0, present: true, routed: true, failsOver: false });
    for (const name of UPSTREAMS) {
      for (let generation = 0; generation < GENERATIONS; generation++) {
        for (const one of [`${name}${generation}`, ...membersOf(name, generation)]) {
          this.#put(cluster(one, '', { tls: true }));
          this.#put(endpoints(one, 'with some'));
        }
      }
    }
    this.#put(staticCluster('local_app'));
    this.#put(roots());
    this.#put(extension(RBAC));
    this.#put(listener('public', { filters: [RBAC], tls: true }));
    this.#putUpstreams();
    this.rig.session.close();
    this.rig.store.flush();
    this.envoy = new FakeEnvoy({
      port: 0,
      node: { id: 'web-sidecar-proxy' },
      refuse: (type, { resources }) =>
        type === 'route' && resources.some(({ any }) => any.includes('bad')) ? 'bad route' : undefined,
      open: (_options, { onMessage }) => {
        this.#receive = onMessage;
        return {
          send: (message) => void this.#toServer.push(message),
          pause: () => undefined,
          resume: () => undefined,
          destroy: () => undefined,
          bytesReceived: 0,
        };
      },
    });
    this.connect();
  }

  /** A new stream, of a client with all that it has; what was on the line is lost. */
  connect(): void {
    this.#toServer.length = 0;
    this.#toClient.length = 0;
    this.#given.clear();
    this.rig.session.close();
    this.rig.open(this.#names());
    this.#written = this.rig.writes.length;
    this.envoy.connect();
  }

  change(what: number, name: string, choice: number): void {
    const upstream = this.upstreams.get(name)!;
    this.#version++;
    const note = String(this.#version);
    const members = membersOf(name, upstream.generation);
    if (what === 0)
      this.#put(endpoints(upstream.failsOver ? members[0] : `${name}${upstream.generation}`, `with some ${note}`));
    else if (what === 1)
      this.#put(cluster(upstream.failsOver ? members[1] : `${name}${upstream.generation}`, note, { tls: true }));
    else if (what === 2) upstream.generation = choice % GENERATIONS;
    else if (what === 3) this.#comeOrGo(name, upstream);
    else if (what === 4) upstream.routed = !upstream.routed;
    else if (what === 5) this.#put(extension(RBAC, note));
    else if (what === 6) this.#put(listener('public', { filters: [RBAC], tls: true, note }));
    else if (what === 7) this.#put(roots(note));
    else if (what === 9) this.#failOver(name, upstream);
    else this.#badRoute = this.#badRoute === undefined ? name : undefined;
    this.#putUpstreams();
    this.rig.session.needsChanged(needsOf(this.#names()));
    this.rig.store.flush();
    this.rig.run();
    this.#collect();
  }

  /** Lets time pass. */
  wait(ms: number): void {
    this.rig.clock.advance(ms);
    this.rig.run();
    this.#collect();
  }

  /** Carries up to so many messages each way. */
  carry(count: number): void {
    for (let turn = 0; turn < count; turn++) {
      if (this.isIdle) this.#leaving.clear();
      const request = this.#toServer.shift();
      if (request) this.#serve(request);
      const response = this.#toClient.shift();
      if (!response) continue;
      this.#receive?.(response);
      this.#look();
    }
  }

  /** As long as the server gives a client that has not asked for listeners. */
  waitForListeners(): void {
    this.rig.listenerGraceOver();
    this.#collect();
  }

  get isIdle(): boolean {
    return this.#toServer.length === 0 && this.#toClient.length === 0;
  }

  /** What the client should hold in the end. */
  get wanted(): Readonly<Record<string, Readonly<Record<string, string>>>> {
    const names = this.#names();
    const versions = (type: ResourceType) =>
      Object.fromEntries(
        (names[type] ?? []).map((one) => {
          const name = String(one);
          return [name, this.#resources.get(`${type}/${name}`)?.version ?? ''];
        }),
      );
    return {
      cluster: versions('cluster'),
      endpoint: versions('endpoint'),
      listener: versions('listener'),
      route: versions('route'),
      extension: versions('extension'),
    };
  }

  get hasBadRoute(): boolean {
    return this.#badRoute !== undefined;
  }

  mend(): void {
    if (this.#badRoute !== undefined) this.change(8, this.#badRoute, 0);
  }

  #serve(message: Buffer): void {
    const request = scanDeltaRequest(message);
    const type = typeOfUrl(request.typeUrl);
    if (type) applyDelta(this.rig.session, this.rig.keeper, type, request);
    this.rig.run();
    this.#collect();
  }

  #collect(): void {
    for (const response of this.rig.writes.slice(this.#written).flat()) {
      for (const { resource } of response.items) if (resource.type === 'cluster') this.#give(resource);
      if (this.rig.typeOf(response) === 'cluster') for (const name of response.removed) this.#take(name);
      this.#toClient.push(response.frame.subarray(5));
    }
    this.#written = this.rig.writes.length;
  }

  #give(resource: EncodedResource): void {
    // The same once more is no change to Envoy.
    if (this.#given.get(resource.name)?.version === resource.version) return;
    this.#take(resource.name);
    if (resource.references.some(({ type }) => type === 'cluster'))
      this.#given.set(resource.name, { version: resource.version, atMs: this.rig.clock.now() });
  }

  #take(name: string): void {
    const ageMs = this.rig.clock.now() - (this.#given.get(name)?.atMs ?? Number.NEGATIVE_INFINITY);
    if (ageMs < 500) this.hasty.push(`${name} after ${ageMs} ms`);
    this.#given.delete(name);
  }

  #comeOrGo(name: string, upstream: Upstream): void {
    upstream.present = !upstream.present;
    this.#leaving.add(name);
  }

  /** All clusters of the upstream change what they are. */
  #failOver(name: string, upstream: Upstream): void {
    upstream.failsOver = !upstream.failsOver;
    for (let generation = 0; generation < GENERATIONS; generation++) {
      const own = `${name}${generation}`;
      this.#put(
        upstream.failsOver ? aggregateCluster(own, membersOf(name, generation)) : cluster(own, '', { tls: true }),
      );
    }
  }

  /** Make before break: no route that the client has leads to a cluster that it has not, or that has nobody to send to. */
  #look(): void {
    const clusters = this.envoy.versions('cluster');
    for (const name of this.#warm) if (!(name in clusters)) this.#warm.delete(name);
    for (const name of Object.keys(clusters)) if (!this.envoy.warming.includes(name)) this.#warm.add(name);
    for (const [name, upstream] of this.upstreams) {
      const held = this.envoy.resource('route', name)?.toString('latin1');
      const target = held && /to (\w+)/.exec(held)?.[1];
      const isWatched = this.envoy.watches('route').includes(name);
      if (!isWatched) this.#served.delete(name);
      if (target && isWatched && !(target in clusters)) {
        this.broken.push(`route ${name} leads to ${target} (now ${JSON.stringify(upstream)})`);
      } else if (target && isWatched && this.#canSend(target)) {
        this.#served.add(name);
      } else if (target && !this.#leaving.has(name) && this.#served.has(name)) {
        this.broken.push(`cluster ${target} has nobody to send to (now ${JSON.stringify(upstream)})`);
      }
    }
  }

  /** Whether the cluster, or a member of it, has endpoints. While a changed one warms, the one before it is in use. */
  #canSend(target: string): boolean {
    const { envoy } = this;
    if (envoy.warming.includes(target)) return this.#warm.has(target);
    const text = envoy.resource('cluster', target)?.toString('latin1') ?? '';
    const members = /(\w+x) (\w+y)/.exec(text)?.slice(1) ?? [target];
    return members.some((one) => envoy.resource('endpoint', one)?.includes('with some'));
  }

  readonly #resources = new Map<string, EncodedResource>();

  #put(resource: EncodedResource): void {
    this.#resources.set(`${resource.type}/${resource.name}`, resource);
    this.rig.store.set('resource', `${resource.type}/${resource.name}`, resource);
  }

  #putUpstreams(): void {
    for (const [name, { generation, routed }] of this.upstreams) {
      this.#put(
        listener(
          `${name}:127.0.0.1:9000`.replace('9000', String(9_000 + name.charCodeAt(0))),
          routed ? { routeName: name } : { note: 'tcp' },
        ),
      );
      this.#put(
        route(name, `to ${name}${generation} ${this.#badRoute === name ? 'bad' : ''}`, [`${name}${generation}`]),
      );
    }
  }

  #names(): RigNames {
    const present = [...this.upstreams].filter(([, upstream]) => upstream.present);
    const assigned = present.flatMap(([name, { generation, failsOver }]) =>
      failsOver ? membersOf(name, generation) : [`${name}${generation}`],
    );
    const clusters = [...new Set([...present.map(([name, { generation }]) => `${name}${generation}`), ...assigned])];
    return {
      cluster: ['local_app', ...clusters],
      endpoint: assigned,
      secret: ['roots'],
      listener: ['public', ...present.map(([name]) => `${name}:127.0.0.1:${9_000 + name.charCodeAt(0)}`)],
      route: present.filter(([, { routed }]) => routed).map(([name]) => name),
      extension: [RBAC],
    };
  }
}

const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('change' as const),
      what: fc.integer({ min: 0, max: 9 }),
      name: fc.constantFrom(...UPSTREAMS),
      choice: fc.nat(GENERATIONS - 1),
    }),
  },
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('carry' as const), count: fc.integer({ min: 1, max: 12 }) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('reconnect' as const) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('wait' as const), ms: fc.integer({ min: 1, max: 1_000 }) }) },
);

type Step = typeof step extends fc.Arbitrary<infer One> ? One : never;

/** The stream breaks while a cluster is prepared, and then it is not needed any more. */
const UNNEEDED_WHILE_PREPARED: Step[] = [
  { kind: 'carry', count: 2 },
  { kind: 'change', what: 1, name: 'c', choice: 0 },
  { kind: 'change', what: 2, name: 'c', choice: 1 },
  { kind: 'carry', count: 1 },
  { kind: 'reconnect' },
];

function play(steps: readonly Step[], mesh = new RandomMesh()): RandomMesh {
  for (const one of steps) {
    if (one.kind === 'change') mesh.change(one.what, one.name, one.choice);
    else if (one.kind === 'carry') mesh.carry(one.count);
    else if (one.kind === 'wait') mesh.wait(one.ms);
    else mesh.connect();
  }
  return mesh;
}

function settle(mesh: RandomMesh): void {
  // What waited for its time comes, and perhaps more behind it.
  for (let pauses = 0; pauses < 5; pauses++) {
    for (let turn = 0; turn < 500 && !mesh.isIdle; turn++) mesh.carry(20);
    if (pauses === 4) break;
    mesh.wait(5_000);
    mesh.waitForListeners();
  }
  expect(mesh.isIdle, 'the conversation comes to an end').toBe(true);
}

describe('whatever changes, however slow the line is, however often the stream breaks', () => {
  const runs = { numRuns: 150, examples: [[UNNEEDED_WHILE_PREPARED]] as [Step[]][] };

  test('the Envoy has exactly what it needs in the end, and nothing is left warming', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const mesh = play(steps);
        mesh.mend();
        settle(mesh);
        const { envoy, wanted } = mesh;
        expect(envoy.warming).toEqual([]);
        expect(envoy.versions('cluster')).toEqual(wanted.cluster);
        expect(envoy.versions('listener')).toEqual(wanted.listener);
        for (const type of ['endpoint', 'route', 'extension'] as const)
          expect(envoy.versions(type)).toMatchObject(wanted[type] ?? {});
        expect(mesh.rig.session.clean).toBe(true);
      }),
      runs,
    );
  });

  test('no route ever leads to a cluster that is not there', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const mesh = play(steps);
        settle(mesh);
        expect(mesh.broken).toEqual([]);
      }),
      runs,
    );
  });

  test('no aggregate is changed or removed while workers of an Envoy may still be taking it over', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const mesh = play(steps);
        settle(mesh);
        expect(mesh.hasty).toEqual([]);
      }),
      runs,
    );
  });

  test('a refused version is offered once a stream and never in a loop', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const mesh = play(steps);
        settle(mesh);
        const { refusals } = mesh.envoy;
        for (let turn = 0; turn < 5; turn++) mesh.change(0, 'a', 0);
        settle(mesh);
        expect(mesh.envoy.refusals).toBe(refusals);
      }),
      runs,
    );
  });
});
