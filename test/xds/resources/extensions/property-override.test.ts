import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ExtensionMesh, filterNames } from './support/extension-mesh.js';

const filter = (ResourceType: string, TrafficDirection: string, ...services: string[]) => ({
  ResourceFilter: {
    ResourceType,
    TrafficDirection,
    ...(services.length > 0 ? { Services: services.map((Name) => ({ Name })) } : {}),
  },
});
const override = (...Patches: object[]) => ({
  Name: 'builtin/property-override',
  Arguments: { ProxyType: 'connect-proxy', Patches },
});
const PROBES = { Op: 'add', Path: '/upstream_connection_options/tcp_keepalive/keepalive_probes', Value: 9 };
const probesOf = (cluster: { upstream_connection_options?: object }) => cluster.upstream_connection_options;

describe('builtin/property-override', () => {
  let mesh: ExtensionMesh;
  beforeEach(async () => {
    mesh = await ExtensionMesh.start();
  });
  afterEach(() => mesh.stop());

  test('changes clusters of the direction and services that it names', async () => {
    const changed = { tcp_keepalive: { keepalive_probes: 9 } };
    await mesh.serviceDefaults('front', [override({ ...filter('cluster', 'outbound', 'stock'), ...PROBES })]);
    expect(['local_app', 'orders', 'stock'].map((name) => probesOf(mesh.cluster(name)))).toEqual([
      undefined,
      undefined,
      changed,
    ]);
    await mesh.serviceDefaults('front', [override({ ...filter('cluster', 'inbound'), ...PROBES })]);
    expect(['local_app', 'orders', 'stock'].map((name) => probesOf(mesh.cluster(name)))).toEqual([
      changed,
      undefined,
      undefined,
    ]);
    expect(mesh.problems()).toEqual([]);
  });

  test('changes listeners, endpoints, and routes whether they are fetched or not', async () => {
    await mesh.serviceDefaults('front', [
      override(
        { ...filter('listener', 'outbound'), Op: 'add', Path: '/stat_prefix', Value: 'mine' },
        {
          ...filter('cluster-load-assignment', 'outbound', 'orders'),
          Op: 'add',
          Path: '/policy/overprovisioning_factor',
          Value: 200,
        },
        { ...filter('route', 'outbound'), Op: 'add', Path: '/most_specific_header_mutations_wins', Value: true },
      ),
    ]);
    expect(mesh.listener('orders:127.0.0.1:9191').stat_prefix).toBe('mine');
    const inline = () => mesh.listener('orders:127.0.0.1:9191').filter_chains[0].filters[0].typed_config.route_config;
    expect(inline().most_specific_header_mutations_wins).toBe(true);
    const { endpoints } = mesh.scenario.tell('front-proxy').resources;
    const policies = Object.entries(endpoints).map(([name, one]) => [
      name.split('.')[0],
      (one as { policy?: object }).policy,
    ]);
    expect(policies).toEqual([
      ['orders', { overprovisioning_factor: 200 }],
      ['stock', undefined],
    ]);
    await mesh.scenario.step({ config: { Kind: 'service-resolver', Name: 'orders', RequestTimeout: '7s' } });
    const { routes } = mesh.scenario.tell('front-proxy').resources;
    expect(routes['orders']).toMatchObject({ most_specific_header_mutations_wins: true });
    expect(mesh.problems()).toEqual([]);
  });

  test('leaves TLS, intentions and filters as they are unless it names them', async () => {
    const before = mesh.listener('public_listener:10.1.0.5:21000');
    await mesh.serviceDefaults('front', [
      override({
        ...filter('listener', 'inbound'),
        Op: 'add',
        Path: '/per_connection_buffer_limit_bytes',
        Value: 4096,
      }),
    ]);
    expect(mesh.listener('public_listener:10.1.0.5:21000')).toEqual({
      ...before,
      per_connection_buffer_limit_bytes: 4096,
    });
    expect(filterNames(mesh.publicListener())[0]).toBe('envoy.filters.http.rbac');
  });

  test('a cluster without endpoints to fetch asks for none', async () => {
    await mesh.serviceDefaults('front', [
      override(
        { ...filter('cluster', 'outbound', 'stock'), Op: 'remove', Path: '/eds_cluster_config' },
        { ...filter('cluster', 'outbound', 'stock'), Op: 'add', Path: '/type', Value: 'STATIC' },
      ),
    ]);
    expect(mesh.problems()).toEqual([]);
    expect([...(mesh.needs().resources.get('endpoint')?.keys() ?? [])].map((name) => name.split('.')[0])).toEqual([
      'orders',
    ]);
  });

  test.each<[object, string]>([
    [
      { ...filter('cluster', 'outbound'), ...PROBES, Path: '' },
      'Arguments.Patches[0] cannot be applied: non-empty, non-root Path is required;\navailable envoy.config.cluster.v3.Cluster fields:\ntransport_socket_matches\n',
    ],
    [
      { ...filter('route', 'outbound'), ...PROBES, Path: '/hosts' },
      "Arguments.Patches[0] cannot be applied: no match for field 'hosts'!\navailable envoy.config.route.v3.RouteConfiguration fields:\nname\nvirtual_hosts\n",
    ],
    [
      { ...filter('clusters', 'outbound'), ...PROBES },
      'Arguments.Patches[0].ResourceFilter.ResourceType must be "cluster" or "cluster-load-assignment" or "listener" or "route", not "clusters"',
    ],
    [
      { ...filter('cluster', ''), ...PROBES },
      'Arguments.Patches[0].ResourceFilter.TrafficDirection is missing: it must be "inbound" or "outbound"',
    ],
    [
      { ...filter('cluster', 'inbound', 'front'), ...PROBES },
      'Arguments.Patches[0].ResourceFilter.Services must be left out for inbound traffic',
    ],
    [
      { ...filter('cluster', 'outbound', ''), ...PROBES },
      'Arguments.Patches[0].ResourceFilter.Services[0].Name is missing',
    ],
    [
      { ...filter('cluster', 'outbound'), ...PROBES, Op: 'replace' },
      'Arguments.Patches[0].Op must be "add" or "remove", not "replace"',
    ],
    [
      { ...filter('cluster', 'outbound'), ...PROBES, Op: 'remove' },
      'Arguments.Patches[0].Value must be left out with Op remove',
    ],
    [{ ...filter('cluster', 'outbound'), ...PROBES, Value: undefined }, 'keepalive_probes needs a Value'],
    [
      { ...filter('cluster', 'outbound'), Op: 'add', Path: '/name', Value: 'x' },
      'Arguments.Patches[0].Path must not be /name: resources refer to each other by their names',
    ],
    [{ ...filter('cluster', 'outbound'), ...PROBES, From: '/x' }, 'Arguments.Patches[0].From is not a known field'],
  ])('%j is refused when it is written', async (patch, problem) => {
    await expect(mesh.serviceDefaults('front', [override(patch)])).rejects.toThrow(problem);
  });

  test('without patches is refused', async () => {
    await expect(mesh.serviceDefaults('front', [override()])).rejects.toThrow(
      'Arguments.Patches is missing: at least one patch is required',
    );
  });

  test('for services that the proxy does not call has no effect, and says so', async () => {
    await mesh.serviceDefaults('front', [override({ ...filter('cluster', 'outbound', 'nobody'), ...PROBES })]);
    expect(mesh.problems()).toEqual([
      'builtin/property-override of service-defaults/front has no effect: it is not for the traffic to any upstream',
    ]);
  });
});
