import { type Socket, connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { pause, until } from '../support/envoy-rig/index.js';
import { type ClientAgent, healthyInstance, startClientAgent } from './support/client-agent.js';

/** Many blocking queries at once, as the clients of a large installation hold them. */

const KEYS = 1_500;
const SERVICES = 500;
const QUIET_MS = 1_000;

let agent: ClientAgent;
beforeAll(async () => {
  agent = await startClientAgent({ config: { limits: { http_max_conns_per_client: 0 } } });
});
afterAll(() => agent.stop());

/** Connections with one request each; the numbers of those that have been answered. */
class Waiting {
  readonly answered = new Set<number>();
  readonly #sockets: Socket[] = [];

  open(at: number, path: string): Promise<void> {
    return new Promise((resolve, reject) => {
      const socket = connect(agent.http, '127.0.0.1', () =>
        socket.write(`GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`, () => resolve()),
      );
      socket.on('error', reject).on('data', () => this.answered.add(at));
      this.#sockets.push(socket);
    });
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy();
  }
}

async function gauge(name: string): Promise<number> {
  const answer = await fetch(`http://${agent.address}/v1/agent/metrics?format=prometheus`);
  const line = (await answer.text()).split('\n').find((one) => one.startsWith(`${name} `));
  return Number(line?.split(' ')[1] ?? Number.NaN);
}

const cpuSeconds = (): Promise<number> => gauge('process_cpu_seconds_total');

describe('two thousand blocking queries on things of their own', () => {
  test('only those are answered whose thing changed; nothing is busy meanwhile; all is given back when they go', async () => {
    await agent.put('/v1/kv/parked/seed', 'x');
    const seed = await fetch(`http://${agent.address}/v1/kv/parked/seed`);
    const index = Number(seed.headers.get('x-consul-index'));
    const waiting = new Waiting();
    const pathOf = (at: number): string =>
      at < KEYS
        ? `/v1/kv/parked/${at}?index=${index}&wait=10m`
        : `/v1/health/service/parked-${at}?passing&index=${index}&wait=10m`;
    for (let at = 0; at < KEYS + SERVICES; at += 100)
      await Promise.all(Array.from({ length: 100 }, (_, of) => waiting.open(at + of, pathOf(at + of))));
    await until('all are parked', async () => (await gauge('meshwright_state_parked_queries')) === KEYS + SERVICES);

    const before = await cpuSeconds();
    await pause(QUIET_MS);
    expect(await cpuSeconds()).toBeLessThan(before + 0.3);
    expect(waiting.answered.size).toBe(0);

    const changed = [0, 17, KEYS - 1, KEYS, KEYS + SERVICES - 1];
    for (const at of changed)
      if (at < KEYS) await agent.put(`/v1/kv/parked/${at}`, 'changed');
      else await agent.put('/v1/catalog/register', healthyInstance(`parked-${at}`, 1));
    await agent.put('/v1/kv/other', 'nobody waits for this');
    await until('those concerned are answered', () => changed.every((at) => waiting.answered.has(at)), 5_000);
    await pause(200);
    expect([...waiting.answered].sort((left, right) => left - right)).toEqual(changed);

    waiting.close();
    await until('nobody waits any more', async () => (await gauge('meshwright_state_parked_queries')) === 0);
  });
});
