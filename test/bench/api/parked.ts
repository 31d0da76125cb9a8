import type { Child } from '../child.js';
import type { BenchAgent } from './agent.js';
import { ask, requestBytes } from './http-load.js';
import { ParkedClients } from './parked-clients.js';

/** What many blocking queries cost, and what a change costs when many wait. */
export interface Parked {
  readonly queries: number;
  readonly rssKbEach: number;
  readonly heapKbEach: number;
  /** The same for bare node:http that leaves the requests unanswered. */
  readonly floorRssKbEach: number;
  readonly floorHeapKbEach: number;
  /** CPU of the server in a second in which nothing happens, ms. */
  readonly idleCpuMsPerSecond: number;
  /** One waits: from the write to the answer, ms; the worst of several. */
  readonly wakeOneMs: number;
  /** A hundred wait for the same service: from the write to the last answer, ms. */
  readonly wakeHundredMs: number;
  /** Others that were answered though nothing of theirs changed. */
  readonly wokenForNothing: number;
  /** What is left of the heap and the memory after all have gone, kB each. */
  readonly leftHeapKbEach: number;
  readonly leftRssKbEach: number;
}

const SHARED = 100;
const WAKES = 10;
const CONNECTING = 256;
const SETTLE_MS = 1_000;

const sleep = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

interface Memory {
  readonly rss: number;
  readonly heapUsed: number;
}

const memoryOf = async (child: Child): Promise<Memory> => (await child.ask({ probe: 'memory' })) as unknown as Memory;
const kb = (bytes: number, queries: number): number => bytes / queries / 1_024;

/** Parks that many queries on keys of their own, a hundred of them on one service. */
export async function measureParked(agent: BenchAgent, floor: Child, queries: number): Promise<Parked> {
  const floorCosts = await floorOf(floor, queries);
  const put = (path: string, body: string): Promise<unknown> => ask(agent.http, requestBytes('PUT', path, body));
  const shared = (port: number): Promise<unknown> =>
    put(
      '/v1/catalog/register',
      JSON.stringify({ Node: 'n', Address: '10.0.0.1', Service: { Service: 'hot', Port: port } }),
    );
  await shared(1);
  await put('/v1/kv/parked/first', 'x');
  const index = (await ask(agent.http, requestBytes('GET', '/v1/kv/parked/first'))).headers.find(([name]) =>
    /^x-consul-index$/i.test(name),
  )?.[1];
  const path = (at: number): string =>
    at < SHARED ? `/v1/health/service/hot?index=${index}&wait=10m` : `/v1/kv/parked/${at}?index=${index}&wait=10m`;
  const before = await memoryOf(agent.child);
  const clients = new ParkedClients(agent.http, CONNECTING);
  await clients.open(queries, (at) => requestBytes('GET', path(at)));
  await sleep(SETTLE_MS);
  const during = await memoryOf(agent.child);
  await agent.child.ask({ probe: 'reset' });
  await sleep(SETTLE_MS);
  const idle = (await agent.child.ask({ probe: 'read' })).cpuUs as number;
  let wakeOneMs = 0;
  for (let at = SHARED; at < SHARED + WAKES; at += 1) {
    const woken = clients.answered([at]);
    const from = performance.now();
    await put(`/v1/kv/parked/${at}`, 'changed');
    await woken;
    wakeOneMs = Math.max(wakeOneMs, performance.now() - from);
  }
  const all = clients.answered(Array.from({ length: SHARED }, (_, at) => at));
  const from = performance.now();
  await shared(2);
  await all;
  const wakeHundredMs = performance.now() - from;
  await sleep(200);
  const wokenForNothing = clients.answers - WAKES - SHARED;
  clients.close();
  await sleep(2 * SETTLE_MS);
  const after = await memoryOf(agent.child);
  return {
    queries,
    rssKbEach: kb(during.rss - before.rss, queries),
    heapKbEach: kb(during.heapUsed - before.heapUsed, queries),
    ...floorCosts,
    idleCpuMsPerSecond: idle / 1_000,
    wakeOneMs,
    wakeHundredMs,
    wokenForNothing,
    leftHeapKbEach: kb(after.heapUsed - before.heapUsed, queries),
    leftRssKbEach: kb(after.rss - before.rss, queries),
  };
}

async function floorOf(
  floor: Child,
  queries: number,
): Promise<{ readonly floorRssKbEach: number; readonly floorHeapKbEach: number }> {
  const { port } = await floor.ask({ op: 'http' });
  await floor.ask({ op: 'park', on: true });
  const before = await memoryOf(floor);
  const clients = new ParkedClients(port as number, CONNECTING);
  await clients.open(queries, (at) => requestBytes('GET', `/v1/kv/parked/${at}?index=7&wait=10m`));
  await sleep(SETTLE_MS);
  const during = await memoryOf(floor);
  clients.close();
  await floor.ask({ op: 'park', on: false });
  await sleep(SETTLE_MS);
  return {
    floorRssKbEach: kb(during.rss - before.rss, queries),
    floorHeapKbEach: kb(during.heapUsed - before.heapUsed, queries),
  };
}
