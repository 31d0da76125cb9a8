import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { writeConfigEntry } from '../../../src/discovery/config/index.js';
import { decodeConfigEntry } from '../../../src/model/index.js';
import { LargeMesh, endpointNode, proxyNode, sidecar } from './support/large-mesh.js';

const TRUST_DOMAIN = '11111111-2222-3333-4444-555555555555.consul';
const PROXIES = 1000;
const UPSTREAMS = 20;
const CALLED = 200;
const CALLERS = (PROXIES * UPSTREAMS) / CALLED;

describe('2,000 services, 1,000 proxies with 20 upstreams of 100 endpoints', () => {
  let mesh: LargeMesh;

  beforeAll(async () => {
    mesh = await LargeMesh.start({
      services: 2000,
      proxies: PROXIES,
      upstreams: UPSTREAMS,
      called: CALLED,
      endpoints: 100,
    });
  }, 120_000);
  afterAll(() => mesh.store.close());

  const service = (address: string) => sidecar(endpointNode(3), 'svc-7', address);

  test('share what they call: there are far fewer cells than proxies times upstreams', () => {
    expect(mesh.cells.size).toBeLessThan((PROXIES * UPSTREAMS) / 4);
  });

  test('a changed endpoint computes at most 5 cells, encodes 1 resource and is told to those who call it', async () => {
    const cost = await mesh.cost(() =>
      mesh.store.transact('move', (transaction) => transaction.put('services', service('10.9.9.9'))),
    );
    expect(cost.computed).toBeLessThanOrEqual(5);
    expect(cost.encoded).toEqual([`endpoint svc-7.default.dc1.internal.${TRUST_DOMAIN}`]);
    expect(cost.visited).toBe(CALLERS);
  });

  test('writing the same again does nothing', async () => {
    const cost = await mesh.cost(() =>
      mesh.store.transact('move', (transaction) => transaction.put('services', service('10.9.9.9'))),
    );
    expect(cost).toEqual({ computed: 0, encoded: [], visited: 0 });
  });

  test('a check that fails is a changed endpoint', async () => {
    const cost = await mesh.cost(() =>
      mesh.store.transact('check', (transaction) =>
        transaction.put('checks', {
          node: endpointNode(3),
          checkId: 'alive',
          name: 'alive',
          status: 'critical',
          notes: '',
          output: '',
          serviceId: 'svc-7-sidecar-proxy',
          serviceName: 'svc-7-sidecar-proxy',
          serviceTags: [],
          type: 'ttl',
          interval: '',
          timeout: '',
          exposedPort: 0,
          definition: {},
        }),
      ),
    );
    expect(cost.computed).toBeLessThanOrEqual(5);
    expect(cost.encoded).toHaveLength(1);
    expect(cost.visited).toBe(CALLERS);
  });

  test('an endpoint of a service that nobody calls costs nothing', async () => {
    const cost = await mesh.cost(() =>
      mesh.store.transact('move', (transaction) =>
        transaction.put('services', sidecar(endpointNode(0), 'svc-1999', '10.9.9.9')),
      ),
    );
    expect(cost).toEqual({ computed: 0, encoded: [], visited: 0 });
  });

  test('access taken away from one caller changes one listener of one proxy', async () => {
    const cost = await mesh.cost(() =>
      mesh.store.transact('deny', (transaction) =>
        transaction.put('revocations', { destination: 'svc-7', source: 'web-0', sequence: 1 }),
      ),
    );
    expect(cost.encoded).toEqual(['listener svc-7:127.0.0.1:10007']);
    expect(cost.visited).toBe(1);
  });

  const override = (name: string, ResourceType: string, TrafficDirection: string, Path: string) =>
    decodeConfigEntry({
      Kind: 'service-defaults',
      Name: name,
      EnvoyExtensions: [
        {
          Name: 'builtin/property-override',
          Arguments: {
            Patches: [{ ResourceFilter: { ResourceType, TrafficDirection }, Op: 'add', Path, Value: 9 }],
          },
        },
      ],
    });

  test('an extension of a service makes what it concerns anew, for its proxies only', async () => {
    const inbound = override('web-7', 'cluster', 'inbound', '/per_connection_buffer_limit_bytes');
    const cost = await mesh.cost(() => writeConfigEntry(mesh.store, inbound));
    // The public listener follows from the entry, too: it is made again, and found equal.
    const others = ({ encoded }: typeof cost) => encoded.filter((one) => !one.startsWith('listener public_listener:'));
    expect(others(cost)).toEqual(['cluster local_app']);
    expect(cost.visited).toBe(1);
    const outbound = override('web-8', 'listener', 'outbound', '/tcp_backlog_size');
    const costOfAll = await mesh.cost(() => writeConfigEntry(mesh.store, outbound));
    expect(others(costOfAll)).toHaveLength(UPSTREAMS);
    expect(costOfAll.visited).toBe(1);
  });

  test('an endpoint changes nothing of listeners that an extension concerns', async () => {
    const cost = await mesh.cost(() =>
      mesh.store.transact('move', (transaction) => transaction.put('services', service('10.9.9.10'))),
    );
    expect(cost.encoded).toEqual([`endpoint svc-7.default.dc1.internal.${TRUST_DOMAIN}`]);
  });

  test('a proxy that changes concerns no other', async () => {
    const cost = await mesh.cost(() =>
      mesh.store.transact('move', (transaction) =>
        transaction.put('services', { ...sidecar(proxyNode(5), 'web-5', '10.255.0.9') }),
      ),
    );
    // One of them is what was taken away from it among what it calls now.
    expect(cost.computed).toBeLessThanOrEqual(6);
    expect(cost.visited).toBe(1);
  });
});
