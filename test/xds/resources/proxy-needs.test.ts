import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { configEntryHash, decodeConfigEntry } from '../../../src/model/index.js';
import { ScenarioMesh } from './support/scenario-mesh.js';

const front = (more: Record<string, unknown> = {}) => ({
  service: {
    Kind: 'connect-proxy',
    ID: 'front-proxy',
    Name: 'front-proxy',
    Address: '10.1.0.5',
    Port: 21_000,
    Proxy: {
      DestinationServiceName: 'front',
      LocalServicePort: 8080,
      Upstreams: [
        { DestinationName: 'orders', LocalBindPort: 9191 },
        { DestinationName: 'stock', LocalBindPort: 9292 },
      ],
      ...more,
    },
  },
});

describe('the needs of a sidecar', () => {
  let mesh: ScenarioMesh;
  beforeEach(async () => {
    mesh = await ScenarioMesh.start();
  });
  afterEach(() => mesh.stop());

  const names = () =>
    Object.fromEntries([...mesh.needs('front-proxy').resources].map(([type, all]) => [type, [...all.keys()]]));

  /** An entry that the graph checks would refuse: what another version, or a race, may have stored. */
  const force = (body: Record<string, unknown>) =>
    mesh.store.transact('force', (transaction) => {
      const entry = decodeConfigEntry(body);
      transaction.put('config-entries', { entry, hash: configEntryHash(entry) });
    });

  test('say who it is', async () => {
    await mesh.step(front());
    expect(mesh.needs('front-proxy').identity).toEqual({
      node: 'node-one',
      proxyId: 'front-proxy',
      service: 'front',
      datacenter: 'dc1',
      trustDomain: '11111111-2222-3333-4444-555555555555.consul',
      spiffeId: 'spiffe://11111111-2222-3333-4444-555555555555.consul/ns/default/dc/dc1/svc/front',
    });
  });

  test('name the entries because of which an escape hatch is not followed', async () => {
    await mesh.step(front());
    const EnvoyClusterJSON = JSON.stringify({ name: 'own', type: 'STATIC', connect_timeout: '1s' });
    await mesh.step({
      config: {
        Kind: 'service-defaults',
        Name: 'front',
        UpstreamConfig: { Overrides: [{ Name: 'orders', EnvoyClusterJSON }] },
      },
    });
    expect(mesh.needs('front-proxy').problems).toEqual([]);
    await mesh.step({ config: { Kind: 'service-resolver', Name: 'orders', ConnectTimeout: '3s' } });
    expect(mesh.needs('front-proxy').problems).toEqual([
      'upstream orders: envoy_cluster_json of service-defaults/front is ignored while service-resolver/orders applies to it',
    ]);
  });

  test('do not change when a split’s weights do', async () => {
    await mesh.step({ config: { Kind: 'proxy-defaults', Name: 'global', Config: { protocol: 'http' } } });
    const split = (weight: number) => ({
      config: {
        Kind: 'service-splitter',
        Name: 'orders',
        Splits: [{ Weight: weight }, { Weight: 100 - weight, Service: 'stock' }],
      },
    });
    await mesh.step(split(90));
    await mesh.step(front());
    const before = mesh.needs('front-proxy');
    await mesh.step(split(50));
    expect(mesh.needs('front-proxy')).toBe(before);
  });

  test('with an upstream that does not compile name the others, and take nothing away', async () => {
    await mesh.step(front());
    const before = names();
    await force({ Kind: 'service-router', Name: 'orders', Routes: [{ Match: { HTTP: { PathPrefix: '/x' } } }] });
    const { keepsOthers, problems } = mesh.needs('front-proxy');
    expect(keepsOthers).toBe(true);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatch(/^upstream orders: .*protocol/);
    expect(names()['listener']).toEqual(before['listener']?.filter((name) => !name.startsWith('orders:')));
    await mesh.step({ 'delete-config': 'service-router/orders' });
    expect([mesh.needs('front-proxy').keepsOthers, names()]).toEqual([undefined, before]);
  });

  test('leave out an upstream that cannot be served, and say so, without holding back the rest', async () => {
    await mesh.step(
      front({
        Upstreams: [
          { DestinationName: 'orders', LocalBindPort: 9191 },
          { DestinationName: 'far', DestinationPeer: 'east', LocalBindPort: 9393 },
        ],
      }),
    );
    const { keepsOthers, problems } = mesh.needs('front-proxy');
    expect([keepsOthers, problems]).toEqual([
      undefined,
      ['upstream far?peer=east: services of peers are not implemented'],
    ]);
    expect(names()['listener']).toEqual(['public_listener:10.1.0.5:21000', 'orders:127.0.0.1:9191']);
  });

  test('give an upstream’s own limits precedence over those of an upstream that merely leads there', async () => {
    await mesh.step({ config: { Kind: 'proxy-defaults', Name: 'global', Config: { protocol: 'http' } } });
    await mesh.step({
      config: { Kind: 'service-splitter', Name: 'stock', Splits: [{ Weight: 50 }, { Weight: 50, Service: 'orders' }] },
    });
    const limited = { DestinationName: 'orders', LocalBindPort: 9191, Config: { limits: { max_connections: 3 } } };
    const split = { DestinationName: 'stock', LocalBindPort: 9292 };
    for (const Upstreams of [
      [limited, split],
      [split, limited],
    ]) {
      await mesh.step(front({ Upstreams }));
      const { resources } = mesh.tell('front-proxy');
      const cluster = resources.clusters['orders.default.dc1.internal.11111111-2222-3333-4444-555555555555.consul'];
      expect(cluster).toMatchObject({ circuit_breakers: { thresholds: [{ max_connections: 3 }] } });
    }
  });

  test('carry the moment when access was taken away, for the denied caller only', async () => {
    await mesh.step({
      config: { Kind: 'service-intentions', Name: 'orders', Sources: [{ Name: 'front', Action: 'allow' }] },
    });
    await mesh.step(front());
    const epochOf = () => mesh.resources('front-proxy').made.find(({ name }) => name.startsWith('orders:'))?.chainEpoch;
    expect(epochOf()).toBeUndefined();
    await mesh.step({
      config: { Kind: 'service-intentions', Name: 'orders', Sources: [{ Name: 'web', Action: 'allow' }] },
    });
    expect(epochOf()).toBeGreaterThan(0);
    const others = mesh.resources('front-proxy').made.filter(({ name }) => !name.startsWith('orders:'));
    expect(others.filter(({ chainEpoch }) => chainEpoch !== undefined)).toEqual([]);
  });

  test('carry that moment in a listener of the user’s own as well', async () => {
    const own = JSON.stringify({
      name: 'x',
      address: { socket_address: { address: '127.0.0.1', port_value: 9191 } },
      filter_chains: [{ filters: [], metadata: { filter_metadata: { own: { a: 1 } } } }],
    });
    const upstream = { DestinationName: 'orders', LocalBindPort: 9191, Config: { envoy_listener_json: own } };
    await mesh.step(front({ Upstreams: [upstream] }));
    const chains = () => {
      const listener = mesh.tell('front-proxy').resources.listeners['orders:127.0.0.1:9191'];
      return (listener as { filter_chains: unknown[] }).filter_chains;
    };
    expect(chains()).toEqual([{ metadata: { filter_metadata: { own: { a: 1 } } } }]);
    await mesh.store.transact('revoke', (transaction) =>
      transaction.put('revocations', { destination: 'orders', source: 'front', sequence: 1 }),
    );
    const marked = { own: { a: 1 }, meshwright: { epoch: expect.any(Number) as number } };
    expect(chains()).toEqual([{ metadata: { filter_metadata: marked } }]);
  });

  test('wait for endpoints and routes as configured, but never for ever', async () => {
    const sourceOf = async (milliseconds: number) => {
      await mesh.step(front({ Config: { xds_fetch_timeout_ms: milliseconds } }));
      const clusters = Object.values(mesh.tell('front-proxy').resources.clusters) as Record<string, unknown>[];
      return clusters.find((cluster) => cluster['eds_cluster_config'])?.['eds_cluster_config'];
    };
    expect(await sourceOf(2500)).toMatchObject({ eds_config: { initial_fetch_timeout: '2.500s' } });
    expect(await sourceOf(0)).toEqual({ eds_config: { ads: {}, resource_api_version: 'V3' } });
  });
});
