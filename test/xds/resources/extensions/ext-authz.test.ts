import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Decoded, ExtensionMesh, clusterName, filterNames } from './support/extension-mesh.js';

const GRPC = { GrpcService: { Target: { URI: '127.0.0.1:9191' } } };
const HTTP = { HttpService: { Target: { URI: 'localhost:9191' } } };
const authz = (Config: object, more: object = {}, Required = false) => ({
  Name: 'builtin/ext-authz',
  Required,
  Arguments: { ProxyType: 'connect-proxy', Config, ...more },
});

describe('builtin/ext-authz', () => {
  let mesh: ExtensionMesh;
  beforeEach(async () => {
    mesh = await ExtensionMesh.start();
  });
  afterEach(() => mesh.stop());

  const filter = (): Decoded =>
    mesh.publicListener().find(({ name }) => name.endsWith('.ext_authz'))?.typed_config ?? 'no such filter';

  test('over HTTP has a time limit, which Envoy insists on', async () => {
    await mesh.serviceDefaults('front', [authz(HTTP)]);
    expect(filter()).toMatchObject({
      http_service: { server_uri: { cluster: 'local_ext_authz', timeout: '1s' } },
      failure_mode_allow: true,
      metadata_context_namespaces: ['consul'],
    });
    expect(mesh.cluster('local_ext_authz')).toMatchObject({ type: 'STRICT_DNS' });
    expect(mesh.problems()).toEqual([]);
  });

  test('refuses what it cannot ask about when it is required, and lets it through when it is not', async () => {
    await mesh.serviceDefaults('front', [authz(GRPC, {}, true)]);
    expect(filter().failure_mode_allow).toBeUndefined();
    await mesh.serviceDefaults('front', [authz(GRPC)]);
    expect(filter().failure_mode_allow).toBe(true);
  });

  test('of a TCP service decides about connections, behind intentions', async () => {
    await mesh.serviceDefaults('front', [authz(GRPC)], { Protocol: 'tcp' });
    expect(filterNames(mesh.publicListener())).toEqual([
      'envoy.filters.network.rbac',
      'envoy.filters.network.ext_authz',
      'envoy.filters.network.tcp_proxy',
    ]);
  });

  test('over HTTP cannot decide about connections', async () => {
    await mesh.serviceDefaults('front', [authz(HTTP)], { Protocol: 'tcp' });
    expect(mesh.problems()).toEqual([
      'builtin/ext-authz of service-defaults/front is not applied to listener public_listener:10.1.0.5:21000: connections are decided about over gRPC only: use a GrpcService',
    ]);
    expect(filterNames(mesh.publicListener())).toEqual([
      'envoy.filters.network.rbac',
      'envoy.filters.network.tcp_proxy',
    ]);
    await mesh.serviceDefaults('front', [authz(HTTP, {}, true)], { Protocol: 'tcp' });
    const { keepsOthers, resources } = mesh.needs();
    expect([keepsOthers, [...resources.values()].every((all) => all.size === 0)]).toEqual([true, true]);
  });

  test('asks a service of the mesh that is an upstream, through that upstream’s cluster', async () => {
    await mesh.serviceDefaults('orders', [], { Protocol: 'grpc' });
    await mesh.serviceDefaults('front', [
      authz({ GrpcService: { Target: { Service: { Name: 'orders' }, Timeout: '3s' } } }),
    ]);
    expect(filter().grpc_service).toEqual({
      envoy_grpc: { cluster_name: clusterName('orders') },
      timeout: '3s',
    });
    expect(mesh.cluster('local_ext_authz')).toBeUndefined();
    expect(mesh.problems()).toEqual([]);
  });

  test.each([
    ['nobody', 'it talks to "nobody", which is not an upstream of front with one cluster: add that upstream'],
    ['orders', 'it talks to "orders" over gRPC, whose protocol is http: set Protocol to grpc in its service-defaults'],
  ])('cannot ask %s', async (Name, why) => {
    const extension = (required: boolean) => authz({ GrpcService: { Target: { Service: { Name } } } }, {}, required);
    await mesh.serviceDefaults('front', [extension(false)]);
    expect(mesh.problems()).toEqual([`builtin/ext-authz of service-defaults/front is left out: ${why}`]);
    expect(filter()).toBe('no such filter');
    await mesh.serviceDefaults('front', [extension(true)]);
    expect(mesh.needs().keepsOthers).toBe(true);
  });

  test('twice with different servers has two clusters; with the same one, one', async () => {
    const other = { GrpcService: { Target: { URI: '127.0.0.1:9292' } } };
    await mesh.proxyDefaults([authz(GRPC)]);
    await mesh.serviceDefaults('front', [authz(other), authz(GRPC, { ListenerType: 'outbound' })]);
    const port = (name: string) =>
      mesh.cluster(name)?.load_assignment.endpoints[0].lb_endpoints[0].endpoint.address.socket_address.port_value;
    expect([port('local_ext_authz'), port('local_ext_authz_2'), port('local_ext_authz_3')]).toEqual([
      9191,
      9292,
      undefined,
    ]);
    const asked = mesh.publicListener().filter(({ name }) => name.endsWith('.ext_authz'));
    expect(asked.map(({ typed_config: config }) => config.grpc_service.envoy_grpc.cluster_name)).toEqual([
      'local_ext_authz',
      'local_ext_authz_2',
    ]);
    expect(mesh.problems()).toEqual([]);
  });

  test.each([
    [{ Location: 'First' }, 'ext_authz rbac header_to_metadata router'],
    [{ Location: 'BeforeLast' }, 'rbac header_to_metadata ext_authz router'],
    [
      { Location: 'BeforeFirstMatch', FilterName: 'envoy.filters.http.rbac' },
      'ext_authz rbac header_to_metadata router',
    ],
    [
      { Location: 'AfterFirstMatch', FilterName: 'envoy.filters.http.rbac' },
      'rbac ext_authz header_to_metadata router',
    ],
    [{ Location: 'AfterLastMatch', FilterName: 'envoy.filters.http.rbac' }, 'rbac ext_authz header_to_metadata router'],
    [{ FilterName: 'envoy.filters.http.header_to_metadata' }, 'rbac ext_authz header_to_metadata router'],
    [{}, 'rbac header_to_metadata ext_authz router'],
  ])('stands where InsertOptions %j say', async (InsertOptions, expected) => {
    await mesh.serviceDefaults('front', [authz(GRPC, { InsertOptions })]);
    expect(
      filterNames(mesh.publicListener())
        .map((name) => name.replace('envoy.filters.http.', ''))
        .join(' '),
    ).toBe(expected);
  });

  test('is left out when the filter that it is to stand next to is not there', async () => {
    const InsertOptions = { Location: 'AfterLastMatch', FilterName: 'envoy.filters.http.cors' };
    await mesh.serviceDefaults('front', [authz(GRPC, { InsertOptions })]);
    expect(mesh.problems()[0]).toContain(
      'there is no filter "envoy.filters.http.cors" to put it next to, only envoy.filters.http.rbac, envoy.filters.http.header_to_metadata, envoy.filters.http.router',
    );
  });

  test.each<[object, string]>([
    [{}, 'Arguments.Config must have a GrpcService or an HttpService, and not both'],
    [{ ...GRPC, ...HTTP }, 'Arguments.Config must have a GrpcService or an HttpService, and not both'],
    [{ GrpcService: {} }, 'Arguments.Config.GrpcService.Target is missing: give a Service, or the URI'],
    [
      { GrpcService: { Target: { URI: 'localhost:1', Service: { Name: 'x' } } } },
      'Arguments.Config.GrpcService.Target has a Service and a URI: give one of them',
    ],
    [
      { GrpcService: { Target: { URI: 'authz.example:9191' } } },
      'Arguments.Config.GrpcService.Target.URI must be localhost:<port>, 127.0.0.1:<port> or ::1:<port>, not "authz.example:9191"',
    ],
    [{ GrpcService: { Target: { URI: 'localhost:0' } } }, 'Arguments.Config.GrpcService.Target.URI must be'],
    [{ GrpcService: { Target: { Service: {} } } }, 'Arguments.Config.GrpcService.Target.Service.Name is missing'],
    [
      { GrpcService: { Target: { URI: 'localhost:1', Timeout: 'soon' } } },
      'Arguments.Config.GrpcService.Target.Timeout time: invalid duration "soon"',
    ],
    [{ ...GRPC, StatusOnError: 999 }, 'Arguments.Config.StatusOnError must be an HTTP status such as 403, not 999'],
    [{ ...GRPC, WithRequestBody: {} }, 'Arguments.Config.WithRequestBody.MaxRequestBytes must be from 1 to 4294967295'],
    [{ ...GRPC, Whatever: 1 }, 'Arguments.Config.Whatever is not a known field'],
    [
      { HttpService: { ...HTTP.HttpService, PathPrefix: 'x' } },
      'Arguments.Config.HttpService.PathPrefix must start with "/"',
    ],
    [
      { HttpService: { ...HTTP.HttpService, AuthorizationRequest: { AllowedHeaders: [{ Exact: 'a', Prefix: 'b' }] } } },
      'Arguments.Config.HttpService.AuthorizationRequest.AllowedHeaders[0] must have exactly one of',
    ],
    [
      { HttpService: { ...HTTP.HttpService, AuthorizationResponse: { AllowedClientHeaders: [{ SafeRegex: '(' }] } } },
      'Arguments.Config.HttpService.AuthorizationResponse.AllowedClientHeaders[0].SafeRegex cannot be used: error parsing regexp',
    ],
    [
      { HttpService: { ...HTTP.HttpService, AuthorizationRequest: { HeadersToAdd: [{ Key: 'x', Value: 'a\nb' }] } } },
      'Arguments.Config.HttpService.AuthorizationRequest.HeadersToAdd[0].Value must not contain line breaks',
    ],
  ])('%j is refused when it is written', async (Config, problem) => {
    await expect(mesh.serviceDefaults('front', [authz(Config)])).rejects.toThrow(
      `invalid EnvoyExtensions[0][builtin/ext-authz]: ${problem}`,
    );
  });
});
