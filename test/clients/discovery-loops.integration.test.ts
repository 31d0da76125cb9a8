import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { until } from '../support/envoy-rig/index.js';
import { notRun } from '../support/not-run.js';
import { type ClientAgent, healthyInstance, startClientAgent } from './support/client-agent.js';
import { GO_BUILD_MS, buildGo, isInstalled } from './support/program.js';

/** The ways in which tools follow the catalog: consul-template's blocking loop, and Prometheus' service discovery. */

let agent: ClientAgent;
beforeAll(async () => {
  agent = await startClientAgent();
});
afterAll(() => agent.stop());

interface Answer<Value> {
  readonly value: Value;
  readonly index: number;
}

async function ask<Value>(path: string, signal?: AbortSignal): Promise<Answer<Value>> {
  const answer = await fetch(`http://${agent.address}${path}`, signal ? { signal } : {});
  expect(answer.status, path).toBe(200);
  return { value: (await answer.json()) as Value, index: Number(answer.headers.get('x-consul-index')) };
}

describe("consul-template's loop", () => {
  test('renders once for each change, never for nothing, and never goes back', async () => {
    await agent.put('/v1/catalog/register', healthyInstance('template', 1));
    const rendered: number[] = [];
    const indexes: number[] = [];
    let requests = 0;
    const stop = new AbortController();
    const loop = (async () => {
      // As its documentation says: start at 0, block with the last index, begin anew when it goes back, render what differs.
      let index = 0;
      let last = '';
      while (!stop.signal.aborted) {
        requests += 1;
        const answer = await ask<readonly unknown[]>(
          `/v1/health/service/template?index=${index}&passing=1&stale=&wait=60000ms`,
          stop.signal,
        );
        indexes.push(answer.index);
        index = answer.index < index ? 0 : answer.index;
        const text = JSON.stringify(answer.value);
        if (text === last) continue;
        last = text;
        rendered.push(answer.value.length);
      }
    })().catch((thrown: unknown) => {
      if (!stop.signal.aborted) throw thrown;
    });
    for (let number = 2; number <= 5; number += 1) {
      await until('the change rendered', () => rendered.at(-1) === number - 1);
      await agent.put('/v1/kv/template/other', `noise ${number}`);
      await agent.put('/v1/catalog/register', healthyInstance('template-other', number));
      await agent.put('/v1/catalog/register', healthyInstance('template', number));
    }
    await until('the last change rendered', () => rendered.at(-1) === 5);
    stop.abort();
    await loop;
    expect(rendered).toEqual([1, 2, 3, 4, 5]);
    expect(indexes).toEqual([...indexes].sort((left, right) => left - right));
    // One request a change and the one that was parked at the end: what others change wakes nobody.
    expect(requests).toBe(6);
  });
});

describe("Prometheus' service discovery", () => {
  test('asks as its source does: services by blocking, then the instances of each, with all fields that become labels', async () => {
    await agent.put('/v1/catalog/register', healthyInstance('prom-api', 1, { Address: '10.9.9.9' }));
    const services = await ask<Record<string, string[]>>('/v1/catalog/services?stale=&wait=120000ms');
    expect(services.value['prom-api']).toEqual(['v1']);
    const woken = ask<Record<string, string[]>>(`/v1/catalog/services?index=${services.index}&stale=&wait=120000ms`);
    const [instance] = (await ask<Record<string, never>[]>('/v1/health/service/prom-api?stale=&wait=120000ms')).value;
    expect(instance).toMatchObject({
      Node: { Node: 'prom-api-node-1', Address: '10.9.0.1', Datacenter: 'dc1', Meta: null, TaggedAddresses: null },
      Service: {
        ID: 'prom-api-1',
        Service: 'prom-api',
        Address: '10.9.9.9',
        Port: 8_001,
        Tags: ['v1'],
        Meta: { zone: 'a' },
      },
      Checks: [{ Status: 'passing' }],
    });
    await agent.put('/v1/catalog/register', healthyInstance('prom-new', 1));
    expect(Object.keys((await woken).value)).toContain('prom-new');
  });

  test(
    'its own code, built from its Go module, finds the instances with their labels, and those that come',
    async (context) => {
      if (!isInstalled('go', 'version')) notRun(context, 'go is not installed');
      await agent.put('/v1/catalog/register', healthyInstance('prom-real', 1));
      const program = join(agent.rig.folder, 'prometheus');
      const built = await buildGo(fileURLToPath(new URL('./prometheus', import.meta.url)), program);
      if (built === 'unreachable') notRun(context, 'the Go modules of Prometheus cannot be fetched');
      const discovery = agent.rig.start('Prometheus discovery', program, [agent.address, 'prom-real']);
      const targets = (): readonly Record<string, string>[] => {
        discovery.assertRunning();
        return JSON.parse(discovery.log.trim().split('\n').at(-1) || '[]') as Record<string, string>[];
      };
      await until('the first instance found', () => targets().length === 1);
      expect(targets()[0]).toMatchObject({
        __address__: '10.9.0.1:8001',
        __meta_consul_dc: 'dc1',
        __meta_consul_health: 'passing',
        __meta_consul_node: 'prom-real-node-1',
        __meta_consul_service: 'prom-real',
        __meta_consul_service_id: 'prom-real-1',
        __meta_consul_service_metadata_zone: 'a',
        __meta_consul_tags: ',v1,',
      });
      await agent.put('/v1/catalog/register', healthyInstance('prom-real', 2));
      await until('the second found', () => targets().length === 2);
    },
    GO_BUILD_MS + 60_000,
  );
});
