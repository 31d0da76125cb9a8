import { Client, type MethodDefinition, Server, ServerCredentials, credentials } from '@grpc/grpc-js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { systemClock } from '../../../src/core/index.js';
import { proxyNeedsCell, proxyNeedsKey, proxylessResourceKey, resourceCell } from '../../../src/xds/resources/index.js';
import { type XdsServer, createXdsServer } from '../../../src/xds/server/index.js';
import { ScenarioMesh } from './support/scenario-mesh.js';

const echo: MethodDefinition<Buffer, Buffer> = {
  path: '/test.Echo/Say',
  requestStream: false,
  responseStream: false,
  requestSerialize: (bytes) => bytes,
  requestDeserialize: (bytes) => bytes,
  responseSerialize: (bytes) => bytes,
  responseDeserialize: (bytes) => bytes,
};

const quiet = { debug() {}, info() {}, warn() {}, error() {} };

async function startBackend(name: string): Promise<{ server: Server; port: number }> {
  const server = new Server();
  const handlers = {
    Say: (_call: unknown, done: (error: null, value: Buffer) => void) => done(null, Buffer.from(name)),
  };
  server.addService({ Say: echo }, handlers);
  const port = await new Promise<number>((resolve, reject) =>
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    ),
  );
  return { server, port };
}

/** A mesh with instances of two services on real ports, and a gRPC client that is registered as the sidecar of `shop`. */
describe('a gRPC client without a proxy', () => {
  let mesh: ScenarioMesh;
  let xds: XdsServer;
  let backends: { server: Server; port: number }[];
  const clients: Client[] = [];

  beforeAll(async () => {
    mesh = await ScenarioMesh.start({ default_intention_policy: 'allow' });
    backends = await Promise.all(['v1', 'v2', 'backup'].map(startBackend));
    const [v1, v2, backup] = backends.map(({ port }) => port);
    await mesh.step({ config: { Kind: 'proxy-defaults', Name: 'global', Config: { protocol: 'grpc' } } });
    for (const [ID, Service, Port, version] of [
      ['api-1', 'api', v1, '1'],
      ['api-2', 'api', v2, '2'],
      ['backup-1', 'backup', backup, '1'],
    ])
      await mesh.step({
        catalog: { Node: 'node-a', Address: '127.0.0.1', Service: { ID, Service, Port, Meta: { version } } },
      });
    await mesh.step({
      service: {
        Kind: 'connect-proxy',
        ID: 'shop-proxy',
        Name: 'shop-proxy',
        Port: 21_000,
        Proxy: { DestinationServiceName: 'shop' },
      },
    });
    xds = createXdsServer({
      store: mesh.store,
      ca: mesh.ca,
      needsCell: proxyNeedsCell,
      proxyNeedsKey,
      resourceCell,
      findProxy: (_node, proxyId) => ({ node: 'node-one', proxyId }),
      onDemand: (identity, _client, type, name) => proxylessResourceKey(mesh.store.view, identity, type, name),
      clock: systemClock,
      logger: quiet,
    });
    const { port } = await xds.listen('127.0.0.1', 0);
    process.env.GRPC_XDS_BOOTSTRAP_CONFIG = JSON.stringify({
      xds_servers: [
        { server_uri: `127.0.0.1:${port}`, channel_creds: [{ type: 'insecure' }], server_features: ['xds_v3'] },
      ],
      node: { id: 'shop-proxy', cluster: 'shop', locality: {} },
    });
    const { register } = await import('@grpc/grpc-js-xds');
    register();
  });

  afterAll(async () => {
    for (const client of clients) client.close();
    await xds.close();
    await mesh.stop();
    for (const { server } of backends) server.forceShutdown();
  });

  const clientOf = (service: string, deadlineMs = 10_000): (() => Promise<string>) => {
    const client = new Client(`xds:///${service}`, credentials.createInsecure());
    clients.push(client);
    return () =>
      new Promise<string>((resolve, reject) => {
        const { requestSerialize, responseDeserialize } = echo;
        const options = { deadline: Date.now() + deadlineMs };
        client.makeUnaryRequest(
          echo.path,
          requestSerialize,
          responseDeserialize,
          Buffer.alloc(1),
          options,
          (error, value) => (error ? reject(error) : resolve(String(value))),
        );
      });
  };

  /** Who answers over some calls. */
  const answers = async (call: () => Promise<string>, calls = 12): Promise<string[]> => {
    const seen = new Set<string>();
    for (let count = 0; count < calls; count++) seen.add(await call());
    return [...seen].sort();
  };

  test('is spread over the instances, follows a split and a failover, and is cut off by an intention', async () => {
    const call = clientOf('api');
    expect(await answers(call)).toEqual(['v1', 'v2']);

    await mesh.step({
      config: {
        Kind: 'service-resolver',
        Name: 'api',
        Subsets: { v1: { Filter: 'Service.Meta.version == 1' }, v2: { Filter: 'Service.Meta.version == 2' } },
        Failover: { v2: { Service: 'backup' } },
      },
    });
    await mesh.step({
      config: {
        Kind: 'service-splitter',
        Name: 'api',
        Splits: [
          { Weight: 0, ServiceSubset: 'v1' },
          { Weight: 100, ServiceSubset: 'v2' },
        ],
      },
    });
    await expect.poll(() => answers(call, 6), { timeout: 15_000 }).toEqual(['v2']);

    await mesh.step({ 'remove-catalog': { Node: 'node-a', ServiceID: 'api-2' } });
    await expect.poll(() => answers(call, 6), { timeout: 20_000 }).toEqual(['backup']);

    await mesh.step({ 'delete-config': 'service-splitter/api' });
    await mesh.step({ 'delete-config': 'service-resolver/api' });
    await expect.poll(() => answers(call, 6), { timeout: 15_000 }).toEqual(['v1']);

    await mesh.step({
      config: { Kind: 'service-intentions', Name: 'api', Sources: [{ Name: 'shop', Action: 'deny' }] },
    });
    await expect.poll(() => call().then(String, () => 'refused'), { timeout: 15_000 }).toBe('refused');
  });

  test('prefers instances that are near, and takes others when those are gone', async () => {
    const [near, far] = backends.map(({ port }) => port);
    const register = (zone: string, Port: number | undefined, more: object = {}) =>
      mesh.step({
        catalog: {
          ...{ Node: `node-${zone}`, Address: '127.0.0.1', Locality: { Region: 'eu', Zone: zone } },
          Service: { ID: `stock-${zone}`, Service: 'stock', Port },
          ...more,
        },
      });
    await mesh.step({ catalog: { Node: 'node-one', Address: '127.0.0.1', Locality: { Region: 'eu', Zone: 'eu-1' } } });
    await register('eu-1', near);
    await register('eu-2', far);
    await mesh.step({
      config: { Kind: 'service-resolver', Name: 'stock', PrioritizeByLocality: { Mode: 'failover' } },
    });
    const call = clientOf('stock');
    expect(await answers(call)).toEqual(['v1']);
    const failing = { Check: { Name: 'ping', ServiceID: 'stock-eu-1', Status: 'critical' } };
    await register('eu-1', near, failing);
    await expect.poll(() => answers(call, 6), { timeout: 20_000 }).toEqual(['v2']);
  });

  test('learns nothing of a name that nothing has', async () => {
    await expect(clientOf('nobody', 1500)()).rejects.toThrow();
  });
});
