import { Client, credentials, type MethodDefinition, Server, ServerCredentials } from '@grpc/grpc-js';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  decodeStateOfTheWorldResponse,
  encodeNode,
  encodeStateOfTheWorldRequest,
  type FakeType,
  openStream,
  STATE_OF_THE_WORLD_PATH,
  type Transport,
  typeUrls,
} from '../../support/fake-envoy/index.js';
import { innerName } from '../../support/fake-envoy/references.js';
import { TestMesh } from './support/mesh.js';
import { proxylessCluster, proxylessEndpoints, proxylessListener, proxylessRoute } from './support/proxyless.js';
import { endpoints, listener, route, staticCluster } from './support/resources.js';

/** A client that says what the test says, and remembers what it is told. */
class ScriptedClient {
  readonly responses: {
    readonly type: string;
    readonly names: string[];
    readonly version: string;
    readonly nonce: string;
  }[] = [];
  ended: { code: number; details: string } | undefined;
  readonly #transport: Transport;
  #first = true;

  constructor(port: number) {
    this.#transport = openStream(
      { port, path: STATE_OF_THE_WORLD_PATH },
      {
        onMessage: (message) => {
          const { typeUrl, version, nonce, resources } = decodeStateOfTheWorldResponse(message);
          const type = Object.entries(typeUrls).find(([, url]) => url === typeUrl)?.[0] ?? typeUrl;
          this.responses.push({ type, version, nonce, names: resources.map(innerName) });
        },
        onEnd: (code, details) => {
          this.ended = { code, details };
        },
      },
    );
  }

  ask(
    type: FakeType,
    names: readonly string[] = [],
    answer: { nonce?: string; version?: string; error?: string } = {},
  ): void {
    const node = this.#first ? encodeNode({ id: 'web-sidecar-proxy', nodeName: 'n1', version: [1, 40, 0] }) : undefined;
    this.#first = false;
    this.#transport.send(encodeStateOfTheWorldRequest({ node, typeUrl: typeUrls[type], names, ...answer }));
  }

  /** Accepts the last response of a type. */
  accept(type: FakeType, names: readonly string[] = []): void {
    const last = this.responses.filter((one) => one.type === type).at(-1);
    this.ask(type, names, { nonce: last?.nonce ?? '', version: last?.version ?? '' });
  }

  async told(count: number): Promise<string[]> {
    await expect.poll(() => this.responses.length, { timeout: 3_000 }).toBeGreaterThanOrEqual(count);
    return this.responses.map(({ type, names }) => [type, ...names].join(' '));
  }

  close(): void {
    this.#transport.destroy();
  }
}

describe('state-of-the-world ADS', () => {
  let mesh: TestMesh;
  let client: ScriptedClient;
  const needs = { cluster: ['local_app', 'other'], endpoint: ['api', 'db'], listener: ['public'], route: ['api'] };

  beforeEach(async () => {
    mesh = await new TestMesh().start();
    for (const name of ['local_app', 'other']) mesh.resource(staticCluster(name));
    for (const name of ['api', 'db']) mesh.resource(endpoints(name));
    mesh.resource(listener('public'));
    mesh.resource(route('api'));
    mesh.needs('web-sidecar-proxy', needs);
    mesh.store.flush();
    client = new ScriptedClient(mesh.port);
  });
  afterEach(async () => {
    client.close();
    await mesh.stop();
  });

  const change = (...resources: Parameters<TestMesh['resource']>[0][]) => {
    for (const resource of resources) mesh.resource(resource);
    mesh.store.flush();
  };

  test('clusters and listeners come whole, other types as asked for', async () => {
    client.ask('cluster');
    client.ask('endpoint', ['api', 'db']);
    client.ask('listener');
    client.ask('route', ['api']);
    expect(await client.told(4)).toEqual([
      'cluster local_app other',
      'endpoint api db',
      'listener public',
      'route api',
    ]);
  });

  test('a change of one cluster sends all, of one endpoint set that one', async () => {
    client.ask('cluster');
    client.ask('endpoint', ['api', 'db']);
    await client.told(2);
    client.accept('cluster');
    client.accept('endpoint', ['api', 'db']);
    change(staticCluster('other', '2'), endpoints('db', '2'));
    expect((await client.told(4)).slice(2)).toEqual(['cluster local_app other', 'endpoint db']);
  });

  test('a removed cluster leaves with a set without it, once what used it has been answered', async () => {
    client.ask('cluster');
    client.ask('listener');
    client.ask('route', ['api']);
    await client.told(3);
    client.accept('cluster');
    client.accept('listener');
    client.accept('route', ['api']);
    mesh.needs('web-sidecar-proxy', { ...needs, cluster: ['local_app'] });
    change(route('api', 'moved off other'));
    expect((await client.told(4)).slice(3)).toEqual(['route api']);
    client.accept('route', ['api']);
    expect((await client.told(5)).slice(4)).toEqual(['cluster local_app']);
  });

  test('the version is a hash of the content: equal sets have equal versions', async () => {
    client.ask('cluster');
    await client.told(1);
    const again = new ScriptedClient(mesh.port);
    again.ask('cluster');
    await again.told(1);
    expect(again.responses[0]?.version).toBe(client.responses[0]?.version);
    again.close();
  });

  test('an answer with an old nonce is not an answer', async () => {
    client.ask('cluster');
    await client.told(1);
    client.ask('cluster', [], { nonce: 'bogus', version: 'x' });
    client.accept('cluster');
    change(staticCluster('other', '2'));
    expect(await client.told(2)).toHaveLength(2);
  });

  test('a refused version is named, kept silent about, and the rest goes on', async () => {
    client.ask('cluster');
    await client.told(1);
    client.accept('cluster');
    change(staticCluster('other', 'bad'));
    await client.told(2);
    client.ask('cluster', [], { nonce: client.responses[1]?.nonce ?? '', version: 'x', error: 'cluster other is bad' });
    await expect.poll(() => mesh.server.propagation.list()[0]?.refused).toBe(1);
    change(staticCluster('local_app', '2'));
    await client.told(3);
    client.accept('cluster');
    const clusters = mesh.server.propagation
      .get('n1', 'web-sidecar-proxy')
      ?.resources.filter(({ type }) => type === 'cluster');
    expect(clusters?.find(({ name }) => name === 'other')).toMatchObject({
      progress: 'refused',
      acceptedVersion: staticCluster('other').version,
    });
  });

  test('names that are not asked for any more are not sent any more', async () => {
    client.ask('endpoint', ['api', 'db']);
    await client.told(1);
    client.accept('endpoint', ['db']);
    change(endpoints('api', '2'), endpoints('db', '2'));
    expect((await client.told(2)).slice(1)).toEqual(['endpoint db']);
  });

  test('no secret leaves by this protocol that would not leave by the other', async () => {
    client.ask('secret', ['leaf', 'leaf:other', 'roots:peer']);
    expect(await client.told(1)).toEqual(['secret leaf']);
  });
});

describe('a proxyless gRPC client', () => {
  const echo: MethodDefinition<Buffer, Buffer> = {
    path: '/test.Echo/Say',
    requestStream: false,
    responseStream: false,
    requestSerialize: (bytes) => bytes,
    requestDeserialize: (bytes) => bytes,
    responseSerialize: (bytes) => bytes,
    responseDeserialize: (bytes) => bytes,
  };

  const startBackend = async (name: string) => {
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
  };

  test('finds its service by name, completes calls, and follows a change of endpoints', async () => {
    const mesh = new TestMesh();
    const backends = await Promise.all(['first', 'second'].map(startBackend));
    await mesh.start({
      onDemand: (_identity, { userAgent }, type, name) =>
        /^gRPC/i.test(userAgent) ? `proxyless/${type}/${name}` : undefined,
    });
    const put = (resource: Parameters<TestMesh['resource']>[0]) =>
      mesh.resource(resource, `proxyless/${resource.type}/${resource.name}`);
    put(proxylessListener('api'));
    put(proxylessRoute('api', 'api.default.dc1'));
    put(proxylessCluster('api.default.dc1'));
    put(proxylessEndpoints('api.default.dc1', backends[0]!.port));
    mesh.needs('shop', {});
    mesh.store.flush();

    process.env.GRPC_XDS_BOOTSTRAP_CONFIG = JSON.stringify({
      xds_servers: [
        { server_uri: `127.0.0.1:${mesh.port}`, channel_creds: [{ type: 'insecure' }], server_features: ['xds_v3'] },
      ],
      node: { id: 'shop', cluster: 'shop', locality: {}, metadata: { node_name: 'n1' } },
    });
    const { register } = await import('@grpc/grpc-js-xds');
    register();
    const client = new Client('xds:///api', credentials.createInsecure());
    const call = () =>
      new Promise<string>((resolve, reject) => {
        const deadline = Date.now() + 10_000;
        client.makeUnaryRequest(
          echo.path,
          echo.requestSerialize,
          echo.responseDeserialize,
          Buffer.from('hi'),
          { deadline } as never,
          (error, value) => (error ? reject(error) : resolve(String(value))),
        );
      });
    expect([await call(), await call()]).toEqual(['first', 'first']);
    expect(mesh.server.propagation.get('n1', 'shop')).toMatchObject({ protocol: 'state-of-the-world', refused: 0 });

    put(proxylessEndpoints('api.default.dc1', backends[1]!.port));
    mesh.store.flush();
    await expect.poll(call, { timeout: 10_000 }).toBe('second');
    client.close();
    await mesh.stop();
    for (const { server } of backends) server.forceShutdown();
  });
});
