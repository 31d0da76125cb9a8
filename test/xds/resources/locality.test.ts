import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { TargetEndpoint } from '../../../src/mesh/proxy/index.js';
import { byLocality } from '../../../src/xds/resources/clusters/locality-priorities.js';
import { ScenarioMesh } from './support/scenario-mesh.js';

const place = fc.record({ region: fc.constantFrom('a', 'b'), zone: fc.constantFrom('', '1', '2') });
const endpoint = fc.tuple(fc.option(place, { nil: undefined }), fc.nat(9)).map(
  ([locality, port]): TargetEndpoint => ({
    ...{ address: '10.0.0.1', port, socketPath: '', healthy: true, weight: 1 },
    ...(locality ? { locality } : {}),
  }),
);

describe('endpoints by place', () => {
  test('each is there once, turns have no gaps, and nobody nearer comes later', () => {
    fc.assert(
      fc.property(fc.array(endpoint), place, (endpoints, from) => {
        const places = byLocality(endpoints, from);
        const placed = places.flatMap((one) => one.endpoints.map((found) => ({ found, priority: one.priority })));
        expect(placed.map(({ found }) => found).sort(byText)).toEqual([...endpoints].sort(byText));
        const turns = [...new Set(places.map(({ priority }) => priority))];
        expect(turns).toEqual(turns.map((_turn, position) => position));
        const near = ({ locality }: TargetEndpoint) =>
          locality?.region !== from.region ? 2 : from.zone === '' || locality.zone === from.zone ? 0 : 1;
        for (const left of placed)
          for (const right of placed)
            if (near(left.found) < near(right.found)) expect(left.priority).toBeLessThan(right.priority);
      }),
    );
  });
});

const byText = (left: unknown, right: unknown): number => (JSON.stringify(left) < JSON.stringify(right) ? -1 : 1);

describe('a caller that prefers what is near', () => {
  const CLUSTER = 'far.default.dc1.internal.11111111-2222-3333-4444-555555555555.consul';
  const proxy = (id: string, locality: object = {}) => ({
    service: {
      ...{ Kind: 'connect-proxy', ID: id, Name: 'front-proxy', Port: 21000 + id.length, ...locality },
      Proxy: {
        ...{ DestinationServiceName: 'front', LocalServicePort: 8080 },
        Upstreams: [{ DestinationName: 'far', LocalBindPort: 9191 }],
      },
    },
  });
  const instance = (zone: string) => ({
    catalog: {
      ...{ Node: `node-${zone}`, Address: '10.10.1.1', Locality: { Region: 'eu', Zone: zone } },
      Service: {
        Kind: 'connect-proxy',
        ID: zone,
        Service: 'far-proxy',
        Proxy: { DestinationServiceName: 'far' },
        Port: 1,
      },
    },
  });
  const priorities = (mesh: ScenarioMesh, id: string, cluster = CLUSTER) => {
    const told = mesh.tell(id).resources.endpoints[cluster] as {
      endpoints: { locality?: { zone: string }; priority?: number }[];
    };
    return told.endpoints.map(({ locality, priority = 0 }) => `${locality?.zone ?? 'everywhere'} ${priority}`);
  };
  const start = async () => {
    const mesh = await ScenarioMesh.start();
    for (const zone of ['eu-1', 'eu-2']) await mesh.step(instance(zone));
    const near = { Locality: { Region: 'eu', Zone: 'eu-2' } };
    for (const step of [proxy('one', near), proxy('two2', near), proxy('other')]) await mesh.step(step);
    return mesh;
  };
  const resolver = { config: { Kind: 'service-resolver', Name: 'far', PrioritizeByLocality: { Mode: 'failover' } } };

  test('is told so from the entry on, and no longer without it', async () => {
    const mesh = await start();
    expect(priorities(mesh, 'one')).toEqual(['everywhere 0']);
    await mesh.step(resolver);
    expect(priorities(mesh, 'one')).toEqual(['eu-2 0', 'eu-1 1']);
    await mesh.step({ 'delete-config': 'service-resolver/far' });
    expect(priorities(mesh, 'one')).toEqual(['everywhere 0']);
    await mesh.stop();
  });

  test('shares its endpoints with all callers at the same place', async () => {
    const mesh = await start();
    await mesh.step(resolver);
    const cellOf = (id: string) => mesh.needs(id).resources.get('endpoint')?.get(CLUSTER);
    expect(cellOf('two2')).toBe(cellOf('one'));
    expect(cellOf('other')).not.toBe(cellOf('one'));
    expect(priorities(mesh, 'other')).toEqual(['everywhere 0']);
    expect(mesh.needs('other').problems).toEqual([expect.stringContaining('nobody said where it is')]);
    await mesh.stop();
  });

  test('stands where its node does, unless its registration says otherwise', async () => {
    const mesh = await start();
    await mesh.step(resolver);
    await mesh.step({ catalog: { Node: 'node-one', Address: '127.0.0.1', Locality: { Region: 'eu', Zone: 'eu-1' } } });
    expect(priorities(mesh, 'other')).toEqual(['eu-1 0', 'eu-2 1']);
    expect(priorities(mesh, 'one')).toEqual(['eu-2 0', 'eu-1 1']);
    await mesh.stop();
  });

  test('is told so of what a prepared query finds too', async () => {
    const mesh = await start();
    await mesh.step({ query: { Name: 'nearest-far', Service: { Service: 'far' } } });
    const calling = proxy('query', { Locality: { Region: 'eu', Zone: 'eu-2' } });
    const Upstreams = [{ DestinationType: 'prepared_query', DestinationName: 'nearest-far', LocalBindPort: 9191 }];
    await mesh.step({ service: { ...calling.service, Proxy: { ...calling.service.Proxy, Upstreams } } });
    const query = 'nearest-far.default.dc1.query.11111111-2222-3333-4444-555555555555.consul';
    expect(priorities(mesh, 'query', query)).toEqual(['everywhere 0']);
    await mesh.step(resolver);
    expect(priorities(mesh, 'query', query)).toEqual(['eu-2 0', 'eu-1 1']);
    await mesh.stop();
  });
});
