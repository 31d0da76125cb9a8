import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { LargeMesh, endpointNode, putIntentions, sidecar } from './support/large-mesh.js';

const PROXIES = 1000;
const UPSTREAMS = 20;
const CALLED = 200;
const CALLERS = (PROXIES * UPSTREAMS) / CALLED;
const OUTBOUND = 'listener outbound_listener:127.0.0.1:15001';

/** The proxies whose intentions let them call svc-7, in the order of LargeMesh. */
const callersOf7 = Array.from({ length: PROXIES }, (_unused, proxy) => proxy)
  .filter((proxy) => (proxy * UPSTREAMS) % CALLED === 0)
  .map((proxy) => `web-${proxy}`);

describe('2,000 services, 1,000 transparent proxies that intentions let call 20 of them each', () => {
  let mesh: LargeMesh;

  beforeAll(async () => {
    mesh = await LargeMesh.start({
      services: 2000,
      proxies: PROXIES,
      upstreams: UPSTREAMS,
      called: CALLED,
      endpoints: 10,
      transparent: true,
    });
  }, 120_000);
  afterAll(() => mesh.store.close());

  const intend = (name: string, callers: readonly string[]) =>
    mesh.cost(() => mesh.store.transact('intend', (transaction) => putIntentions(transaction, name, callers)));

  test('a changed endpoint encodes its endpoints, and no listener', async () => {
    const cost = await mesh.cost(() =>
      mesh.store.transact('move', (transaction) =>
        transaction.put('services', sidecar(endpointNode(3), 'svc-7', '10.9.9.9')),
      ),
    );
    expect(cost.encoded).toEqual([expect.stringMatching(/^endpoint svc-7\./)]);
    expect(cost.computed).toBeLessThanOrEqual(6);
    expect(cost.visited).toBe(CALLERS);
  });

  test('an intention for one caller changes its listener, and asks nothing of other callers’ needs', async () => {
    const cost = await intend('svc-7', [...callersOf7, 'web-1']);
    expect(cost.encoded).toEqual([OUTBOUND]);
    expect(cost.visited).toBe(1);
    // Those whom the entry names are asked whether they may still call; one is told a difference.
    expect(cost.computed).toBeLessThanOrEqual(callersOf7.length + 12);
    const back = await intend('svc-7', callersOf7);
    expect([back.encoded, back.visited]).toEqual([[OUTBOUND], 1]);
  });

  test('an intention about services and callers without proxies here costs nothing', async () => {
    expect(await intend('svc-1999', ['nobody'])).toEqual({ computed: 0, encoded: [], visited: 0 });
  });

  test('a service nobody may call costs nothing', async () => {
    const cost = await mesh.cost(() =>
      mesh.store.transact('new', (transaction) => {
        transaction.put('services', sidecar(endpointNode(0), 'brand-new', '10.9.9.8'));
        transaction.put('virtual-ips', { service: 'brand-new', ip: '240.9.9.9', manualIps: [] });
      }),
    );
    expect(cost).toEqual({ computed: 0, encoded: [], visited: 0 });
  });

  test('a manual virtual IP changes the listeners of those who may call, and makes one chain', async () => {
    const cost = await mesh.cost(() =>
      mesh.store.transact('assign', (transaction) =>
        transaction.put('virtual-ips', { service: 'svc-7', ip: '240.0.0.7', manualIps: ['192.0.2.7'] }),
      ),
    );
    expect(cost.encoded).toEqual(Array.from({ length: CALLERS }, () => OUTBOUND));
    // For each caller its listener, for all together the addresses and the chain.
    expect(cost.computed).toBeLessThanOrEqual(CALLERS + 3);
    expect(cost.visited).toBe(CALLERS);
  });

  test('access taken away from one caller changes one listener', async () => {
    const cost = await mesh.cost(() =>
      mesh.store.transact('deny', (transaction) =>
        transaction.put('revocations', { destination: 'svc-7', source: 'web-0', sequence: 1 }),
      ),
    );
    expect(cost.encoded).toEqual([OUTBOUND]);
    expect(cost.computed).toBeLessThanOrEqual(4);
    expect(cost.visited).toBe(1);
  });
});
