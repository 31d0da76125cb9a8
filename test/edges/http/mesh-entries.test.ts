import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Propagation } from '../../../src/xds/server/index.js';
import { type TestEdge, testEdge } from './support/test-edge.js';

const proxy = { node: 'n1', proxyId: 'web-proxy', service: 'web', pending: false, refused: true, acceptedIndex: 99 };
const propagation: Propagation = {
  connected: () => [],
  list: () => [],
  get: () => undefined,
  entries: () => new Map([['service-defaults/web', { proxies: 3, pending: 1, refused: 1, acceptedIndex: 99 }]]),
  proxiesOf: (entry) => (entry === 'service-defaults/web' ? [proxy] : []),
  problems: () => [
    { node: 'n1', proxyId: 'web-proxy', problem: 'builtin/lua of service-defaults/web is left out: why' },
    { node: 'n2', proxyId: 'web-proxy', problem: 'builtin/lua of service-defaults/web is left out: why' },
    { node: 'n1', proxyId: 'web-proxy', problem: 'RateLimits of service "web" have no effect' },
    { node: 'n1', proxyId: 'web-proxy', problem: 'something else' },
  ],
};

describe('the status of config entries', () => {
  let edge: TestEdge;
  beforeEach(async () => {
    edge = await testEdge({ propagation });
    const put = (body: object) => edge.ask('PUT /v1/config', { body });
    await put({ Kind: 'service-defaults', Name: 'web', MaxInboundConnections: -1 });
    await put({ Kind: 'mesh' });
    await edge.deps.store.transact('refusal', (transaction) =>
      transaction.put('refusals', {
        node: 'n1',
        proxyId: 'web-proxy',
        resourceType: 'listener',
        resourceName: 'public_listener',
        version: 'abc',
        error: 'Envoy says no',
        revision: 7,
        entries: ['service-defaults/web', 'proxy-defaults/global'],
        at: '2026-01-01T00:00:00.000Z',
      }),
    );
  });
  afterEach(() => edge.close());

  test('is listed for each: how many proxies it concerns, and how far they are', async () => {
    const [mesh, web] = (await edge.get('GET /v1/mesh/entries')) as Record<string, unknown>[];
    const { ModifyIndex, ...shown } = web ?? {};
    expect(shown).toEqual({
      Kind: 'service-defaults',
      Name: 'web',
      Proxies: 3,
      Pending: 1,
      Refused: 1,
      AcceptedIndex: 99,
      AcceptedEverywhere: false,
      Problems: 3,
    });
    expect(ModifyIndex).toBeGreaterThan(0);
    expect(mesh).toMatchObject({ Kind: 'mesh', Name: 'mesh', Proxies: 0, AcceptedEverywhere: true, Problems: 0 });
  });

  test('names problems, refusals with what Envoy said, and proxies', async () => {
    const found = (await edge.get('GET /v1/mesh/entries/service-defaults/web')) as Record<string, unknown>;
    expect(found).toMatchObject({
      Problems: [
        { Problem: 'MaxInboundConnections is below zero, and limits nothing', Proxies: [] },
        {
          Problem: 'builtin/lua of service-defaults/web is left out: why',
          Proxies: [
            { Node: 'n1', ProxyID: 'web-proxy' },
            { Node: 'n2', ProxyID: 'web-proxy' },
          ],
        },
        { Problem: 'RateLimits of service "web" have no effect', Proxies: [{ Node: 'n1', ProxyID: 'web-proxy' }] },
      ],
      Refusals: [{ Node: 'n1', Type: 'listener', Name: 'public_listener', Error: 'Envoy says no', Index: 7 }],
      ProxyStates: [{ Node: 'n1', ProxyID: 'web-proxy', Service: 'web', State: 'refused', AcceptedIndex: 99 }],
    });
  });

  test('is 404 for what is not there, and 400 for a kind that nobody knows', async () => {
    expect(await edge.ask('GET /v1/mesh/entries/service-defaults/none')).toMatchObject({
      status: 404,
      text: 'Config entry not found for "service-defaults" / "none"',
    });
    expect(await edge.ask('GET /v1/mesh/entries/odd/x')).toMatchObject({ status: 400 });
    expect(await edge.ask('GET /v1/mesh/entries/mesh')).toMatchObject({ status: 404 });
  });
});
