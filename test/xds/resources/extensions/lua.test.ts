import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ExtensionMesh, filterNames, luaExtension } from './support/extension-mesh.js';

describe('builtin/lua', () => {
  let mesh: ExtensionMesh;
  beforeEach(async () => {
    mesh = await ExtensionMesh.start();
  });
  afterEach(() => mesh.stop());

  test('inbound: stands behind the filters that decide who may call, before the router', async () => {
    await mesh.serviceDefaults('front', [luaExtension('inbound')]);
    expect(filterNames(mesh.publicListener())).toEqual([
      'envoy.filters.http.rbac',
      'envoy.filters.http.header_to_metadata',
      'envoy.filters.http.lua',
      'envoy.filters.http.router',
    ]);
    expect(filterNames(mesh.upstreamListener('orders'))).toEqual(['envoy.filters.http.router']);
  });

  test('outbound: in the listener of every upstream that speaks HTTP', async () => {
    await mesh.serviceDefaults('front', [luaExtension('outbound')]);
    expect(filterNames(mesh.upstreamListener('orders'))).toEqual([
      'envoy.filters.http.lua',
      'envoy.filters.http.router',
    ]);
    expect(filterNames(mesh.upstreamListener('stock'))).toEqual(['envoy.filters.network.tcp_proxy']);
    expect(mesh.problems()).toEqual([]);
  });

  test('of proxy-defaults it comes before that of the service', async () => {
    await mesh.proxyDefaults([luaExtension('inbound', '-- first')]);
    await mesh.serviceDefaults('front', [luaExtension('inbound', '-- second'), luaExtension('inbound', '-- third')]);
    const scripts = mesh.publicListener().filter(({ name }) => name === 'envoy.filters.http.lua');
    expect(scripts.map((filter) => filter.typed_config?.default_source_code.inline_string)).toEqual([
      '-- first',
      '-- second',
      '-- third',
    ]);
  });

  test.each([
    [
      { Listener: 'inbound', Script: 'x' },
      'Arguments.ProxyType is missing: it must be "connect-proxy" or "api-gateway"',
    ],
    [
      { ProxyType: 'connect-proxy', Listener: 'up', Script: 'x' },
      'Arguments.Listener must be "inbound" or "outbound", not "up"',
    ],
    [{ ProxyType: 'connect-proxy', Listener: 'inbound' }, 'Arguments.Script is missing'],
    [{ ProxyType: 'connect-proxy', Listener: 'inbound', Script: ['x'] }, 'Arguments.Script must be text, not a list'],
    [
      { ProxyType: 'connect-proxy', Listener: 'inbound', Script: 'x', Speed: 1 },
      'Arguments.Speed is not a known field',
    ],
    [
      { ProxyType: 'connect-proxy', Listener: 'inbound', Script: '-'.repeat(65_537) },
      'Arguments.Script must not be longer than 65536 bytes',
    ],
    [
      { ProxyType: 'connect-proxy', Listener: 'inbound', Script: 'function envoy_on_request(handle)\n  handle:\nend' },
      "Arguments.Script is no Lua that Envoy can read: line 3: <name> expected near 'end'",
    ],
  ])('%j is refused when it is written', async (Arguments, problem) => {
    await expect(mesh.serviceDefaults('front', [{ Name: 'builtin/lua', Arguments }])).rejects.toThrow(
      `invalid EnvoyExtensions[0][builtin/lua]: ${problem}`,
    );
  });

  test('that Envoy cannot read and would not call is left out, and the proxy says so', async () => {
    await mesh.serviceDefaults('front', [luaExtension('inbound', 'x')]);
    expect(filterNames(mesh.publicListener())).not.toContain('envoy.filters.http.lua');
    expect(mesh.problems()).toEqual([
      expect.stringContaining("Arguments.Script is no Lua that Envoy can read: line 1: '=' expected near '<eof>'"),
    ]);
  });

  test('for another kind of proxy it changes nothing here', async () => {
    await mesh.serviceDefaults('front', [
      { Name: 'builtin/lua', Arguments: { ProxyType: 'api-gateway', Listener: 'outbound', Script: 'x' } },
    ]);
    expect(filterNames(mesh.upstreamListener('orders'))).toEqual(['envoy.filters.http.router']);
  });
});
