import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { encodeDeltaRequest, typeUrls } from '../../support/fake-envoy/index.js';
import { TestMesh } from './support/mesh.js';
import { cluster, endpoints, extension, listener, roots, route, staticCluster } from './support/resources.js';

const sidecarNeeds = {
  cluster: ['local_app', 'api'],
  endpoint: ['api'],
  secret: ['roots'],
  listener: ['public_listener:10.0.0.1:20000', 'api:127.0.0.1:9191'],
  route: ['api'],
  extension: ['envoy.filters.http.rbac'],
};

describe('a sidecar over delta ADS', () => {
  let mesh: TestMesh;

  beforeEach(async () => {
    mesh = await new TestMesh().start();
    mesh.resource(staticCluster('local_app'));
    mesh.resource(cluster('api', '', { tls: true }));
    mesh.resource(endpoints('api', 'one'));
    mesh.resource(roots());
    mesh.resource(listener('public_listener:10.0.0.1:20000', { filters: ['envoy.filters.http.rbac'], tls: true }));
    mesh.resource(listener('api:127.0.0.1:9191', { routeName: 'api' }));
    mesh.resource(route('api'));
    mesh.resource(extension('envoy.filters.http.rbac', 'allow'));
    mesh.needs('web-sidecar-proxy', sidecarNeeds);
    mesh.store.flush();
  });
  afterEach(() => mesh.stop());

  const settled = () => mesh.server.propagation.get('n1', 'web-sidecar-proxy')?.pending === false;
  const warm = async (options: Parameters<TestMesh['envoy']>[1] = {}) => {
    const envoy = mesh.envoy('web-sidecar-proxy', options);
    await envoy.until(
      () => 'envoy.filters.http.rbac' in envoy.versions('extension') && 'api' in envoy.versions('route'),
    );
    await expect.poll(settled).toBe(true);
    return envoy;
  };

  test('a new Envoy is given everything it asks for, each resource once', async () => {
    const envoy = await warm();
    expect(Object.keys(envoy.versions('cluster')).sort()).toEqual(['api', 'local_app']);
    expect(Object.keys(envoy.versions('secret')).sort()).toEqual(['leaf', 'roots']);
    expect(envoy.warming).toEqual([]);
    const names = envoy.received().flatMap((line) => line.names.map((name) => `${line.type}/${name}`));
    expect(names.length).toBe(new Set(names).size);
    expect(mesh.server.propagation.list()).toMatchObject([{ connected: true, refused: 0, protocol: 'delta' }]);
  });

  test('a reconnecting Envoy is sent not one resource it has, its leaf included', async () => {
    const envoy = await warm();
    const leaf = envoy.versions('secret').leaf;
    envoy.disconnect();
    const mark = envoy.log.length;
    envoy.connect();
    await envoy.until(() => envoy.received(mark).length >= 2);
    await envoy.quiet();
    expect(envoy.received(mark).map(({ type, names, removed }) => [type, names, removed])).toEqual([
      ['cluster', [], []],
      ['listener', [], []],
    ]);
    expect(envoy.versions('secret').leaf).toBe(leaf);
    expect(mesh.ca.issued).toBe(1);
    mesh.resource(endpoints('api', 'two'));
    mesh.store.flush();
    await envoy.until(() => envoy.versions('endpoint').api === endpoints('api', 'two').version);
  });

  test('a changed cluster is not left warming', async () => {
    const envoy = await warm();
    mesh.resource(cluster('api', 'changed', { tls: true }));
    mesh.store.flush();
    await envoy.until(() => envoy.versions('cluster').api === cluster('api', 'changed', { tls: true }).version);
    await envoy.until(() => envoy.warming.length === 0);
    await expect.poll(settled).toBe(true);
  });

  test('an Envoy whose stream broke while a cluster was warming gets going again', async () => {
    const envoy = await warm();
    mesh.resource(cluster('api', 'changed', { tls: true }));
    envoy.pause();
    mesh.store.flush();
    envoy.disconnect();
    // What a real one would have kept: the changed cluster, warming.
    envoy.startWarming('cluster', 'api');
    envoy.connect();
    await envoy.until(
      () =>
        envoy.warming.length === 0 &&
        envoy.versions('cluster').api === cluster('api', 'changed', { tls: true }).version,
    );
  });

  test('a refusal is stored with reason, revision and entries, and cleared when the next version is accepted', async () => {
    const envoy = await warm({
      refuse: (type, { resources }) =>
        type === 'route' && resources.some(({ any }) => any.includes('bad')) ? 'missing ): (' : undefined,
    });
    mesh.resource(route('api', 'bad'));
    mesh.store.flush();
    await envoy.until(() => envoy.refusals === 1);
    const status = () =>
      mesh.server.propagation.get('n1', 'web-sidecar-proxy')?.resources.find(({ type }) => type === 'route');
    await expect.poll(() => status()?.progress).toBe('refused');
    expect(status()?.refusal).toMatchObject({ error: 'missing ): (', index: mesh.store.index });
    mesh.clock.advance(100);
    await expect
      .poll(() => [...mesh.store.refusals.values()])
      .toMatchObject([
        {
          node: 'n1',
          proxyId: 'web-sidecar-proxy',
          resourceType: 'route',
          resourceName: 'api',
          error: 'missing ): (',
          entries: ['service-defaults/api'],
          accepted: { version: route('api').version, bytes: route('api').bytes.toString('base64') },
        },
      ]);
    mesh.resource(endpoints('api', 'others go on'));
    mesh.store.flush();
    await envoy.until(() => envoy.versions('endpoint').api === endpoints('api', 'others go on').version);
    await envoy.quiet();
    expect(envoy.refusals).toBe(1);
    mesh.resource(route('api', 'good'));
    mesh.store.flush();
    await expect.poll(() => status()?.progress).toBe('current');
    mesh.clock.advance(100);
    await expect.poll(() => mesh.store.refusals.size).toBe(0);
  });

  test('an Envoy that is restarted while a refusal stands is given the last accepted version', async () => {
    const refuse = (type: string, { resources }: { resources: readonly { any: Buffer }[] }) =>
      type === 'route' && resources.some(({ any }) => any.includes('bad')) ? 'bad' : undefined;
    const envoy = await warm({ refuse });
    mesh.resource(route('api', 'bad'));
    mesh.store.flush();
    await envoy.until(() => envoy.refusals === 1);
    await expect.poll(() => mesh.server.propagation.list()[0]?.refused).toBe(1);
    mesh.clock.advance(100);
    await expect.poll(() => mesh.store.refusals.size).toBe(1);
    envoy.restart();
    await envoy.until(() => envoy.versions('route').api === route('api').version);
    await envoy.until(() => envoy.refusals === 2);
    await envoy.quiet();
    expect(envoy.refusals).toBe(2);
    expect(envoy.versions('route').api).toBe(route('api').version);
  });

  test('the refusals of a proxy go with its registration', async () => {
    const envoy = await warm({
      refuse: (type, { resources }) =>
        type === 'route' && resources.some(({ any }) => any.includes('bad')) ? 'bad' : undefined,
    });
    mesh.resource(route('api', 'bad'));
    mesh.store.flush();
    await envoy.until(() => envoy.refusals === 1);
    await expect.poll(() => mesh.server.propagation.list()[0]?.refused).toBe(1);
    mesh.clock.advance(100);
    await expect.poll(() => mesh.store.refusals.size).toBe(1);
    mesh.unregister('web-sidecar-proxy');
    mesh.store.flush([{ table: 'services', key: '', before: { node: 'n1', id: 'web-sidecar-proxy' } }]);
    mesh.clock.advance(100);
    await expect.poll(() => mesh.store.refusals.size).toBe(0);
  });

  test('two proxies that ask for equal names get only their own bytes', async () => {
    for (const id of ['a-sidecar-proxy', 'b-sidecar-proxy']) {
      mesh.resource(listener('public', { note: `of ${id}`, tls: true }), `listener/public of ${id}`);
      mesh.needs(id, { cluster: ['local_app'], secret: ['roots'], listener: [['public', `listener/public of ${id}`]] });
    }
    mesh.store.flush();
    const [first, second] = ['a-sidecar-proxy', 'b-sidecar-proxy'].map((id) => mesh.envoy(id));
    for (const envoy of [first!, second!]) await envoy.until(() => 'leaf' in envoy.versions('secret'));
    expect(first!.resource('listener', 'public')?.includes('of a-sidecar-proxy')).toBe(true);
    expect(second!.resource('listener', 'public')?.includes('of b-sidecar-proxy')).toBe(true);
    expect(first!.resource('secret', 'leaf')?.includes('spiffe://test.consul/a-sidecar-proxy')).toBe(true);
    expect(second!.resource('secret', 'leaf')?.includes('spiffe://test.consul/b-sidecar-proxy')).toBe(true);
    const foreign = ['leaf:b', 'roots:b', 'spiffe://test.consul/b-sidecar-proxy', 'b-sidecar-proxy'];
    const mark = first!.log.length;
    first!.subscribe('secret', foreign);
    await first!.until(() => first!.received(mark).length > 0);
    expect(first!.received(mark)).toMatchObject([{ names: [], removed: foreign }]);
    mesh.resource(listener('public', { note: 'second', tls: true }), 'listener/public of b-sidecar-proxy');
    mesh.store.flush();
    await second!.until(
      () => second!.versions('listener').public === listener('public', { note: 'second', tls: true }).version,
    );
    await first!.quiet();
    expect(first!.received(mark)).toHaveLength(1);
  });

  test('a change is encoded once for all who get it', async () => {
    const ids = Array.from({ length: 20 }, (_, number) => `many-${number}-sidecar-proxy`);
    for (const id of ids) mesh.needs(id, { cluster: ['api'], endpoint: ['api'], secret: ['roots'] });
    mesh.store.flush();
    const envoys = ids.map((id) => mesh.envoy(id));
    for (const envoy of envoys)
      await envoy.until(() => 'api' in envoy.versions('endpoint') && 'leaf' in envoy.versions('secret'));
    await expect.poll(() => mesh.server.propagation.list().every(({ pending }) => !pending)).toBe(true);
    const before = { ...mesh.server.counters };
    mesh.resource(endpoints('api', 'moved'));
    mesh.store.flush();
    for (const envoy of envoys)
      await envoy.until(() => envoy.versions('endpoint').api === endpoints('api', 'moved').version);
    expect(mesh.server.counters.framesBuilt - before.framesBuilt).toBe(1);
    expect(mesh.server.counters.responses - before.responses).toBe(20);
    expect(mesh.server.counters.sessionsFlushed - before.sessionsFlushed).toBe(20);
    expect(mesh.store.subscribers('resource')).toBeLessThan(12);
  });

  test('a frozen proxy costs no growing memory, gets the newest state when it wakes, and holds nobody up', async () => {
    const frozen = await warm({ windowBytes: 65_535 });
    mesh.needs('other-sidecar-proxy', { cluster: ['api'], endpoint: ['api'], secret: ['roots'] });
    mesh.store.flush();
    const other = mesh.envoy('other-sidecar-proxy');
    await other.until(() => 'api' in other.versions('endpoint') && 'leaf' in other.versions('secret'));
    frozen.pause();
    const before = mesh.server.counters.responses;
    const big = (turn: number) => endpoints('api', `${turn} ${'x'.repeat(200_000)}`);
    for (let turn = 0; turn < 40; turn++) {
      mesh.resource(big(turn));
      mesh.store.flush();
      await other.until(() => other.versions('endpoint').api === big(turn).version);
    }
    expect(mesh.server.counters.responses - before).toBeLessThanOrEqual(40 + 2);
    const mark = frozen.log.length;
    frozen.resume();
    await frozen.until(() => frozen.versions('endpoint').api === big(39).version);
    expect(frozen.received(mark).length).toBeLessThanOrEqual(2);
  });

  test('types that are not served are ignored, and said once', async () => {
    const envoy = await warm();
    const mark = envoy.log.length;
    for (let count = 0; count < 5; count++) {
      envoy.send(
        encodeDeltaRequest({
          typeUrl: 'type.googleapis.com/envoy.config.route.v3.ScopedRouteConfiguration',
          subscribe: ['x'],
        }),
      );
    }
    envoy.subscribe('route', ['api']);
    await envoy.until(() => envoy.received(mark).length > 0);
    expect(envoy.received(mark)).toMatchObject([{ type: 'route' }]);
    expect(mesh.logs.filter(({ message }) => /not served/.test(message))).toHaveLength(1);
  });

  test('what is not protobuf ends this stream and no other', async () => {
    const envoy = await warm();
    mesh.needs('other-sidecar-proxy', { cluster: ['local_app'] });
    mesh.store.flush();
    const other = mesh.envoy('other-sidecar-proxy');
    await other.until(() => other.acks === 2);
    envoy.send(Buffer.from([0xff, 0xff, 0xff]));
    await envoy.until(() => envoy.ended !== undefined);
    expect(envoy.ended).toMatchObject({ code: 3, details: expect.stringMatching(/not valid protobuf/) });
    expect(other.ended).toBeUndefined();
    expect(mesh.server.propagation.list().map(({ proxyId, connected }) => [proxyId, connected])).toEqual([
      ['other-sidecar-proxy', true],
      ['web-sidecar-proxy', false],
    ]);
  });

  test('a gone proxy is listed for a while with what was not in order', async () => {
    const envoy = await warm({
      refuse: (type, { resources }) =>
        type === 'route' && resources.some(({ any }) => any.includes('bad')) ? 'bad' : undefined,
    });
    mesh.resource(route('api', 'bad'));
    mesh.store.flush();
    await envoy.until(() => envoy.refusals === 1);
    await expect.poll(() => mesh.server.propagation.list()[0]?.refused).toBe(1);
    envoy.disconnect();
    await expect.poll(() => mesh.server.propagation.list()[0]?.connected).toBe(false);
    const { resources = [], counts } = mesh.server.propagation.get('N1', 'web-sidecar-proxy') ?? {};
    expect(resources.map(({ type, progress }) => [type, progress])).toEqual([['route', 'refused']]);
    expect(counts?.cluster).toBe(2);
    mesh.clock.advance(600_000);
    expect(mesh.server.propagation.list()).toEqual([]);
  });

  test('the request for a names list as long as no mesh has is refused', async () => {
    const envoy = await warm();
    envoy.send(
      encodeDeltaRequest({
        typeUrl: typeUrls.endpoint,
        subscribe: Array.from({ length: 50_001 }, (_, number) => `n${number}`),
      }),
    );
    await envoy.until(() => envoy.ended !== undefined);
    expect(envoy.ended).toMatchObject({ code: 8 });
  });
});
