import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ExtensionMesh, clusterName, filterNames } from './support/extension-mesh.js';

const LOCAL = { Local: { Filename: '/p.wasm' } };
const remote = (more: object = {}) => ({
  Remote: { HttpURI: { Service: { Name: 'orders' }, URI: 'http://files/p.wasm' }, SHA256: 'AB'.repeat(32), ...more },
});
const wasm = (Code: object, more: object = {}, Required = false) => ({
  Name: 'builtin/wasm',
  Required,
  Arguments: { Protocol: 'http', ListenerType: 'inbound', PluginConfig: { VmConfig: { Code } }, ...more },
});

describe('builtin/wasm', () => {
  let mesh: ExtensionMesh;
  beforeEach(async () => {
    mesh = await ExtensionMesh.start();
  });
  afterEach(() => mesh.stop());

  const plugin = () => mesh.publicListener().find(({ name }) => name.endsWith('.wasm'))?.typed_config.config;

  test('stands before what passes the request, or the connection, on', async () => {
    await mesh.serviceDefaults('front', [wasm(LOCAL), wasm(LOCAL, { Protocol: 'tcp', ListenerType: 'outbound' })]);
    expect(filterNames(mesh.publicListener()).slice(-2)).toEqual([
      'envoy.filters.http.wasm',
      'envoy.filters.http.router',
    ]);
    expect(filterNames(mesh.upstreamListener('stock'))).toEqual([
      'envoy.filters.network.wasm',
      'envoy.filters.network.tcp_proxy',
    ]);
    expect(filterNames(mesh.upstreamListener('orders'))).toEqual(['envoy.filters.http.router']);
    expect(mesh.problems()).toEqual([]);
  });

  test('on inbound connections comes after intentions', async () => {
    await mesh.serviceDefaults('front', [wasm(LOCAL, { Protocol: 'tcp' })], { Protocol: 'tcp' });
    expect(filterNames(mesh.publicListener())).toEqual([
      'envoy.filters.network.rbac',
      'envoy.filters.network.wasm',
      'envoy.filters.network.tcp_proxy',
    ]);
  });

  test('from another server is fetched through an upstream, with a time limit', async () => {
    await mesh.serviceDefaults('front', [
      wasm(remote({ RetryPolicy: { RetryBackOff: { BaseInterval: '2s' }, NumRetries: -1 } })),
    ]);
    expect(plugin().vm_config).toEqual({
      runtime: 'envoy.wasm.runtime.v8',
      code: {
        remote: {
          http_uri: { uri: 'http://files/p.wasm', cluster: clusterName('orders'), timeout: '1s' },
          sha256: 'ab'.repeat(32),
          retry_policy: { retry_back_off: { base_interval: '2s' } },
        },
      },
    });
    expect(plugin().fail_open).toBe(true);
  });

  test('that is required does not let through what it has not seen', async () => {
    await mesh.serviceDefaults('front', [wasm(LOCAL, {}, true)]);
    expect(plugin().fail_open).toBeUndefined();
  });

  test('of another protocol than the service’s has no effect, says so, and is not passed by when it is required', async () => {
    const problem =
      'builtin/wasm of service-defaults/front has no effect: it is not for the traffic to front, which is http';
    await mesh.serviceDefaults('front', [wasm(LOCAL, { Protocol: 'tcp' })]);
    expect([mesh.problems(), mesh.needs().keepsOthers]).toEqual([[problem], undefined]);
    await mesh.serviceDefaults('front', [wasm(LOCAL, { Protocol: 'tcp' }, true)]);
    expect([mesh.needs().problems, mesh.needs().keepsOthers]).toEqual([[problem], true]);
  });

  test('of proxy-defaults is for those services whose protocol it has, and no problem for others', async () => {
    await mesh.proxyDefaults([wasm(LOCAL, { Protocol: 'tcp' }, true)]);
    expect([mesh.problems(), mesh.needs().keepsOthers]).toEqual([[], undefined]);
  });

  test('is given an object as the JSON that plugins read', async () => {
    await mesh.serviceDefaults('front', [
      wasm(LOCAL, { PluginConfig: { VmConfig: { Code: LOCAL }, Configuration: { rules: ['a'] } } }),
    ]);
    expect(plugin().configuration.value).toBe('{"rules":["a"]}');
  });

  test.each<[object, string]>([
    [wasm({}), 'Arguments.PluginConfig.VmConfig.Code must have a Local file or a Remote one, and not both'],
    [wasm({ ...LOCAL, ...remote() }), 'Arguments.PluginConfig.VmConfig.Code must have a Local file or a Remote one'],
    [wasm({ Local: {} }), 'Arguments.PluginConfig.VmConfig.Code.Local.Filename is missing'],
    [
      wasm(remote({ SHA256: 'x' })),
      'Arguments.PluginConfig.VmConfig.Code.Remote.SHA256 must be the 64 hexadecimal digits',
    ],
    [
      wasm(remote({ HttpURI: { Service: { Name: 'orders' }, URI: 'p.wasm' } })),
      'Arguments.PluginConfig.VmConfig.Code.Remote.HttpURI.URI must be a whole URL',
    ],
    [
      wasm(remote({ HttpURI: { URI: 'http://x/' } })),
      'Arguments.PluginConfig.VmConfig.Code.Remote.HttpURI.Service.Name is missing',
    ],
    [wasm(LOCAL, { Protocol: 'grpc' }), 'Arguments.Protocol must be "tcp" or "http", not "grpc"'],
    [wasm(LOCAL, { ListenerType: '' }), 'Arguments.ListenerType is missing: it must be "inbound" or "outbound"'],
    [
      wasm(LOCAL, { PluginConfig: { VmConfig: { Code: LOCAL, Runtime: 'v9' } } }),
      'Arguments.PluginConfig.VmConfig.Runtime must be "v8" or "wamr" or "wasmtime" or "wavm", not "v9"',
    ],
    [
      wasm(LOCAL, {
        PluginConfig: {
          VmConfig: { Code: LOCAL, EnvironmentVariables: { HostEnvKeys: ['A'], KeyValues: { A: 'b' } } },
        },
      }),
      'Arguments.PluginConfig.VmConfig.EnvironmentVariables has "A" in HostEnvKeys and in KeyValues',
    ],
  ])('%j is refused when it is written', async (extension, problem) => {
    await expect(mesh.serviceDefaults('front', [extension as Record<string, unknown>])).rejects.toThrow(
      `invalid EnvoyExtensions[0][builtin/wasm]: ${problem}`,
    );
  });
});
