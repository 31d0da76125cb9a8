import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { TestMesh } from './support/mesh.js';
import { cluster, endpoints, extension, listener, roots, route, staticCluster } from './support/resources.js';

describe('delta subscriptions', () => {
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

  const sidecarNeeds = {
    cluster: ['local_app', 'api'],
    endpoint: ['api'],
    secret: ['roots'],
    listener: ['public_listener:10.0.0.1:20000', 'api:127.0.0.1:9191'],
    route: ['api'],
    extension: ['envoy.filters.http.rbac'],
  };

  test('a new Envoy is given everything it asks for, each resource once', async () => {
    const envoy = mesh.envoy('web-sidecar-proxy');
    await envoy.until(
      () => Object.keys(envoy.versions('extension')).length === 1 && Object.keys(envoy.versions('route')).length === 1,
    );
    await envoy.quiet();
    expect(Object.keys(envoy.versions('cluster')).sort()).toEqual(['api', 'local_app']);
    expect(Object.keys(envoy.versions('secret')).sort()).toEqual(['leaf', 'roots']);
    expect(envoy.warming).toEqual([]);
    const names = envoy.received().flatMap((line) => line.names.map((name) => `${line.type}/${name}`));
    expect(names.length).toBe(new Set(names).size);
    expect(mesh.server.propagation.get('n1', 'web-sidecar-proxy')).toMatchObject({
      pending: false,
      refused: 0,
      connected: true,
    });
  });
});
