import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { AppError } from '../../../src/core/index.js';
import {
  encodeDeltaRequest,
  encodeNode,
  encodeStateOfTheWorldRequest,
  type FakeEnvoy,
  openStream,
  STATE_OF_THE_WORLD_PATH,
  typeUrls,
} from '../../support/fake-envoy/index.js';
import { adsService } from '../../../src/xds/server/ads-service.js';
import { TestMesh } from './support/mesh.js';
import { staticCluster } from './support/resources.js';

const INVALID_ARGUMENT = 3;
const NOT_FOUND = 5;
const PERMISSION_DENIED = 7;
const UNAVAILABLE = 14;
const UNAUTHENTICATED = 16;

describe('who a stream is', () => {
  let mesh: TestMesh;

  beforeEach(async () => {
    mesh = await new TestMesh().start();
    mesh.resource(staticCluster('local_app'));
    mesh.needs('web-sidecar-proxy', { cluster: ['local_app'] });
    mesh.store.flush();
  });
  afterEach(() => mesh.stop());

  const ended = async (envoy: FakeEnvoy) => {
    await envoy.until(() => envoy.ended !== undefined, 'the end of the stream');
    return envoy.ended;
  };

  test('a node without id is refused with what to do', async () => {
    const envoy = mesh.envoy('');
    expect(await ended(envoy)).toMatchObject({
      code: INVALID_ARGUMENT,
      details: expect.stringMatching(/no id; set node\.id/),
    });
  });

  test('a stream that becomes another proxy is ended', async () => {
    const envoy = mesh.envoy('web-sidecar-proxy');
    await envoy.until(() => envoy.versions('cluster').local_app !== undefined);
    envoy.send(encodeDeltaRequest({ typeUrl: typeUrls.cluster, node: encodeNode({ id: 'db-sidecar-proxy' }) }));
    expect(await ended(envoy)).toMatchObject({
      code: INVALID_ARGUMENT,
      details:
        'this stream belongs to proxy "web-sidecar-proxy" and cannot become "db-sidecar-proxy"; open a stream of its own',
    });
  });

  test('a stream that repeats its node stays', async () => {
    const envoy = mesh.envoy('web-sidecar-proxy', {
      repeatNode: true,
      node: { id: 'web-sidecar-proxy', extensionBytes: 60_000 },
    });
    await envoy.until(() => envoy.acks > 0);
    mesh.resource(staticCluster('local_app', '2'));
    mesh.store.flush();
    await envoy.until(() => envoy.acks > 2);
    expect(envoy.ended).toBeUndefined();
  });

  test('an unknown proxy hears nothing for ten seconds, then NotFound with the node and the id', async () => {
    const envoy = mesh.envoy('ghost-sidecar-proxy');
    await envoy.quiet();
    expect(envoy.ended).toBeUndefined();
    mesh.clock.advance(9_999);
    await envoy.quiet();
    expect(envoy.ended).toBeUndefined();
    mesh.clock.advance(1);
    expect(await ended(envoy)).toMatchObject({
      code: NOT_FOUND,
      details: expect.stringMatching(/"ghost-sidecar-proxy".*"n1"/),
    });
    expect(envoy.received()).toEqual([]);
  });

  test('a proxy that is registered while its stream waits is served', async () => {
    const envoy = mesh.envoy('late-sidecar-proxy');
    await envoy.quiet();
    mesh.needs('late-sidecar-proxy', { cluster: ['local_app'] });
    mesh.store.flush();
    await envoy.until(() => envoy.versions('cluster').local_app !== undefined);
  });

  test('a proxy that several nodes have must say which', async () => {
    mesh.needs('web-sidecar-proxy', { cluster: ['local_app'] }, 'n2');
    mesh.store.flush();
    const envoy = mesh.envoy('web-sidecar-proxy', { node: { id: 'web-sidecar-proxy', nodeName: '' } });
    expect(await ended(envoy)).toMatchObject({ code: INVALID_ARGUMENT, details: expect.stringMatching(/n1, n2/) });
  });

  test('a proxy whose registration goes is told nothing more, and its stream ends with NotFound', async () => {
    const envoy = mesh.envoy('web-sidecar-proxy');
    await envoy.until(() => envoy.acks === 2);
    const before = envoy.received().length;
    mesh.unregister('web-sidecar-proxy');
    mesh.store.flush();
    expect(await ended(envoy)).toMatchObject({
      code: NOT_FOUND,
      details: expect.stringMatching(/no longer registered/),
    });
    expect(envoy.received()).toHaveLength(before);
    expect(Object.keys(envoy.versions('cluster'))).toEqual(['local_app']);
  });

  test('an Envoy below 1.31 is refused in one sentence', async () => {
    const envoy = mesh.envoy('web-sidecar-proxy', { node: { id: 'web-sidecar-proxy', version: [1, 30, 11] } });
    expect(await ended(envoy)).toMatchObject({
      code: INVALID_ARGUMENT,
      details: expect.stringMatching(/^Envoy 1\.30\.11 is too old/),
    });
  });

  test.each([
    [[1, 31, 0], false],
    [[1, 35, 9], false],
    [[1, 36, 2], true],
    [[1, 40, 0], true],
    [[1, 41, 0], false],
  ] as const)('Envoy %j is served; tested: %s', async (version, tested) => {
    const envoy = mesh.envoy('web-sidecar-proxy', { node: { id: 'web-sidecar-proxy', version } });
    await envoy.until(() => envoy.acks === 2);
    expect(mesh.server.propagation.list()).toMatchObject([{ version: version.join('.'), tested }]);
    expect(mesh.logs.some(({ level, message }) => level === 'warn' && /not tested/.test(message))).toBe(!tested);
  });

  test('a program that is not Envoy is served whatever its version', async () => {
    const envoy = mesh.envoy('web-sidecar-proxy', {
      node: { id: 'web-sidecar-proxy', userAgent: 'gRPC Node Pure JS', version: [0, 1, 0] },
    });
    await envoy.until(() => envoy.acks === 2);
  });

  test('nothing is answered before the state is loaded', async () => {
    await mesh.stop();
    let load: () => void = () => undefined;
    mesh.store.ready = new Promise<void>((resolve) => {
      load = resolve;
    });
    await mesh.start();
    const envoy = mesh.envoy('web-sidecar-proxy');
    await envoy.quiet();
    expect(envoy.received()).toEqual([]);
    load();
    await envoy.until(() => envoy.acks === 2);
  });

  test('whoever may not be this proxy is refused, also later', async () => {
    await mesh.stop();
    let allowed = ['good'];
    const seen: string[] = [];
    await mesh.start({
      authorize: ({ token, proxyId }) => {
        seen.push(`${token} ${proxyId}`);
        return allowed.includes(token) ? undefined : new AppError('permissionDenied', 'this token may not be web');
      },
    });
    const stranger = mesh.envoy('web-sidecar-proxy', { headers: { 'x-consul-token': 'bad' } });
    expect(await ended(stranger)).toMatchObject({ code: PERMISSION_DENIED });
    expect(stranger.received()).toEqual([]);
    const friend = mesh.envoy('web-sidecar-proxy', { headers: { 'x-consul-token': 'good' } });
    await friend.until(() => friend.acks === 2);
    expect(seen).toEqual(['bad web-sidecar-proxy', 'good web-sidecar-proxy']);
    allowed = [];
    mesh.clock.advance(300_000);
    expect(await ended(friend)).toMatchObject({ code: PERMISSION_DENIED });
  });

  test.each(Object.values(adsService).map(({ path }) => [path]))('%s asks who may be this proxy', async (path) => {
    await mesh.stop();
    await mesh.start({ authorize: () => new AppError('unauthenticated', 'no token was given') });
    const node = encodeNode({ id: 'web-sidecar-proxy', nodeName: 'n1' });
    const encode = path === STATE_OF_THE_WORLD_PATH ? encodeStateOfTheWorldRequest : encodeDeltaRequest;
    const seen: unknown[] = [];
    const stream = openStream(
      { port: mesh.port, path },
      { onMessage: (message) => void seen.push(message), onEnd: (code, details) => void seen.push({ code, details }) },
    );
    stream.send(encode({ typeUrl: typeUrls.cluster, node }));
    await expect.poll(() => seen).toEqual([{ code: UNAUTHENTICATED, details: 'no token was given' }]);
  });

  test('a server that shuts down says so', async () => {
    const envoy = mesh.envoy('web-sidecar-proxy');
    await envoy.until(() => envoy.acks === 2);
    await mesh.server.close();
    expect(await ended(envoy)).toMatchObject({
      code: UNAVAILABLE,
      details: 'this server is shutting down; connect again',
    });
  });
});
