import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { nextTurn } from '../../../src/core/index.js';
import { createEntryGuard } from '../../../src/discovery/proxies/index.js';
import { type TestEdge, testEdge } from './support/test-edge.js';

/**
 * The aim is 50 ms. What is asserted is far above what was measured on an idle machine, and far below what these bodies cost
 * without limits: CPU time on a busy machine is not a precise thing.
 */
const WORST_CPU_MS = 400;

const many = <Item>(count: number, make: (position: number) => Item): Item[] =>
  Array.from({ length: count }, (_, position) => make(position));
const named = (count: number, value: (position: number) => unknown): Record<string, unknown> =>
  Object.fromEntries(many(count, (position) => [`k${position}`, value(position)]));
const config = (kind: string, fields: object): [string, object] => [
  'PUT /v1/config',
  { Kind: kind, Name: 'a', ...fields },
];
const matching = (http: (position: number) => object) =>
  many(2_800, (position) => ({ Match: { HTTP: http(position) } }));

/** The largest of their kind that a body may hold, and beyond. */
const bodies: Readonly<Record<string, [string, object]>> = {
  'callers of an intention': config('service-intentions', {
    Sources: many(3_900, (n) => ({ Name: `s${n}`, Action: 'allow' })),
  }),
  'permissions of an intention': config('service-intentions', {
    Sources: [{ Name: 'x', Permissions: many(2_800, (n) => ({ Action: 'allow', HTTP: { PathExact: `/${n}` } })) }],
  }),
  'regular expressions of an intention': config('service-intentions', {
    Sources: [
      { Name: 'x', Permissions: many(2_800, (n) => ({ Action: 'deny', HTTP: { PathRegex: `/${n}(a|b){50}` } })) },
    ],
  }),
  routes: config('service-router', { Routes: matching((n) => ({ PathPrefix: `/${n}` })) }),
  'regular expressions of routes': config('service-router', {
    Routes: matching((n) => ({ PathRegex: `/${n}(a|b){50}` })),
  }),
  legs: config('service-splitter', { Splits: many(3_900, (n) => ({ Weight: 0.02, Service: `t${n}` })) }),
  subsets: config('service-resolver', { Subsets: named(4_900, (n) => ({ Filter: `Service.Meta.v == v${n}` })) }),
  'failover targets': config('service-resolver', {
    Failover: { '*': { Targets: many(1_000, (n) => ({ Service: `s${n}` })) } },
  }),
  overrides: config('service-defaults', { UpstreamConfig: { Overrides: many(5_000, (n) => ({ Name: `s${n}` })) } }),
  'unknown fields': config(
    'service-defaults',
    named(9_000, () => 'x'),
  ),
  'exported services': config('exported-services', {
    Name: 'default',
    Services: many(1_800, (n) => ({ Name: `s${n}`, Consumers: [{ Peer: `p${n}` }] })),
  }),
  'checks of a service': [
    'PUT /v1/agent/service/register',
    { Name: 'a', Checks: many(500, (n) => ({ Name: `c${n}`, TTL: '10s' })) },
  ],
  tags: ['PUT /v1/agent/service/register', { Name: 'a', Tags: many(19_000, (n) => `t${n}`) }],
  'checks of a node': [
    'PUT /v1/catalog/register',
    { Node: 'n', Address: '1.1.1.1', Checks: many(1_000, (n) => ({ Name: `c${n}` })) },
  ],
  operations: ['PUT /v1/txn', many(2_000, (n) => ({ KV: { Verb: 'set', Key: `k${n}`, Value: 'dg==' } }))],
  values: ['PUT /v1/config', many(200_000, () => 0)],
};

let edge: TestEdge;
beforeAll(async () => {
  edge = await testEdge({
    entryGuard: (store) => createEntryGuard({ store, connected: () => [], nextTurn, now: () => performance.now() }),
  });
  await edge.deps.store.transact('trust domain', (transaction) =>
    transaction.put('ca-config', { clusterId: 'c', provider: 'consul', leafTtlMs: 1, rootTtlMs: 2 }),
  );
  // Proxies that each of the entries concerns.
  const proxy = (service: string, upstreams: readonly string[]) => ({
    Node: `node-${service}`,
    Address: '10.0.0.1',
    Service: {
      Kind: 'connect-proxy',
      Service: `${service}-proxy`,
      Port: 1,
      Proxy: {
        DestinationServiceName: service,
        Upstreams: upstreams.map((name) => ({ DestinationName: name, LocalBindPort: 9_000 })),
      },
    },
  });
  await edge.ask('PUT /v1/catalog/register', { body: proxy('a', []) });
  await edge.ask('PUT /v1/catalog/register', { body: proxy('web', ['a']) });
  // The first of everything is compiled and cached: that is not what is measured.
  await edge.ask('PUT /v1/config', { body: { Kind: 'proxy-defaults', Name: 'global', Config: { protocol: 'http' } } });
  for (const [line, body] of Object.values(bodies)) await edge.ask(line, { body });
});
afterAll(() => edge.close());

describe('a body with very many', () => {
  test.each(Object.entries(bodies))('%s does not keep the server from others for long', async (_what, [line, body]) => {
    const text = JSON.stringify(body);
    const watch = watchLoop();
    const answer = await edge.ask(line, { body: text });
    const worstMs = watch();
    expect(answer.status).not.toBe(500);
    expect(answer.text.length).toBeLessThan(10_000);
    expect(worstMs).toBeLessThan(WORST_CPU_MS);
  });
});

/** What is asked about the things of a body. */
const questions: Readonly<Record<string, readonly string[]>> = {
  routes: ['config/service-router/a', 'config/service-router', 'discovery-chain/a'],
  'callers of an intention': [
    'config/service-intentions/a',
    'connect/intentions',
    'connect/intentions/match?by=destination&name=a',
    'connect/intentions/check?source=s9&destination=a',
  ],
  'checks of a service': ['health/service/a', 'health/checks/a', 'health/state/any', 'agent/checks', 'agent/services'],
  'checks of a node': ['health/node/n', 'health/state/any'],
};

describe('an answer about very many', () => {
  test.each(Object.entries(questions))('%s does not keep the server from others for long', async (what, paths) => {
    const [line, body] = bodies[what] as [string, object];
    expect((await edge.ask(line, { body })).status).toBe(200);
    for (const path of paths) {
      const watch = watchLoop();
      const { status } = await edge.ask(`GET /v1/${path}`);
      expect([path, status]).toEqual([path, 200]);
      expect(watch()).toBeLessThan(WORST_CPU_MS);
    }
  });

  test('is written once for all who have waited for it', async () => {
    const [line, body] = bodies['callers of an intention'] as [string, object];
    await edge.ask(line, { body });
    const path = 'GET /v1/connect/intentions/match?by=destination&name=a';
    const { headers } = await edge.ask(path);
    const waiting = many(10, () => edge.ask(`${path}&index=${headers['x-consul-index']}&wait=30s`));
    await nextTurn();
    const watch = watchLoop();
    await edge.ask('PUT /v1/connect/intentions/exact?source=new&destination=a', { body: { Action: 'deny' } });
    const answers = await Promise.all(waiting);
    expect(watch()).toBeLessThan(WORST_CPU_MS);
    for (const { text } of answers) expect(text).toContain('"new"');
  });
});

/** Watches the event loop; what it returns stops and tells the most CPU time, in ms, between two turns. */
function watchLoop(): () => number {
  let worst = 0;
  let last = process.cpuUsage();
  let next: NodeJS.Immediate;
  const turn = (): void => {
    const { user, system } = process.cpuUsage(last);
    worst = Math.max(worst, (user + system) / 1000);
    last = process.cpuUsage();
    next = setImmediate(turn);
  };
  next = setImmediate(turn);
  return () => {
    clearImmediate(next);
    const { user, system } = process.cpuUsage(last);
    return Math.max(worst, (user + system) / 1000);
  };
}
