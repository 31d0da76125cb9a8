import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { proxyNeedsCell, proxyNeedsKey } from '../../../../src/xds/resources/index.js';
import { ExtensionMesh, filterNames, luaExtension } from './support/extension-mesh.js';

const FRONT = { node: 'node-one', proxyId: 'front-proxy' };
const PLAIN = ['envoy.filters.http.router'];

describe('the extensions of a proxy', () => {
  let mesh: ExtensionMesh;
  beforeEach(async () => {
    mesh = await ExtensionMesh.start();
  });
  afterEach(() => mesh.stop());

  const needsOf = (envoyVersion?: string) =>
    mesh.scenario.store.read(proxyNeedsCell, proxyNeedsKey(FRONT, envoyVersion)).value;

  test('leave the cells of resources that none of them concerns as they are, shared with all others', async () => {
    const before = mesh.needs().resources;
    await mesh.serviceDefaults('front', [luaExtension('inbound')]);
    const after = mesh.needs().resources;
    for (const [type, names] of before)
      for (const [name, cell] of names)
        if (name.startsWith('public_listener')) expect(after.get(type)?.get(name)).not.toBe(cell);
        else expect(after.get(type)?.get(name), `${type} ${name}`).toBe(cell);
  });

  test('are in the record of a resource, for a refusal', async () => {
    await mesh.serviceDefaults('front', [luaExtension('outbound')]);
    const { made } = mesh.scenario.resources('front-proxy');
    const listener = made.find(({ name }) => name.startsWith('orders:'));
    expect(listener?.entries).toContain('service-defaults/front');
    expect(listener?.references).toEqual([]);
  });

  test('are not those of an upstream: its owner changes no proxy of others', async () => {
    await mesh.serviceDefaults('orders', [luaExtension('inbound'), luaExtension('outbound')], { Protocol: 'http' });
    expect(filterNames(mesh.upstreamListener('orders'))).toEqual(PLAIN);
    expect(filterNames(mesh.publicListener())).not.toContain('envoy.filters.http.lua');
  });

  test('with a constraint on the Envoy count for the Envoys that meet it', async () => {
    await mesh.serviceDefaults('front', [{ ...luaExtension('inbound'), EnvoyVersion: '>= 1.38.0' }]);
    const listenerOf = (version?: string) =>
      needsOf(version)?.resources.get('listener')?.get('public_listener:10.1.0.5:21000');
    expect(listenerOf('1.38.3')).not.toBe(listenerOf('1.36.2'));
    expect(listenerOf('1.36.2')).toBe(listenerOf());
    expect(needsOf('1.38.3')?.problems).toEqual([]);
    expect(needsOf('1.36.2')?.problems).toEqual([
      'builtin/lua of service-defaults/front is left out: it is for Envoy >= 1.38.0, and this one is 1.36.2',
    ]);
  });

  test('with a constraint on the version of Consul count where this one meets it', async () => {
    await mesh.serviceDefaults('front', [{ ...luaExtension('inbound'), ConsulVersion: '~> 1.20.0' }]);
    expect(mesh.problems()).toEqual([
      'builtin/lua of service-defaults/front is left out: it is for Consul ~> 1.20.0, and this is 1.21.4',
    ]);
    await mesh.serviceDefaults('front', [{ ...luaExtension('inbound'), ConsulVersion: '>= 1.21' }]);
    expect(mesh.problems()).toEqual([]);
  });

  test('constraints that cannot be read are refused when they are written', async () => {
    await expect(mesh.serviceDefaults('front', [{ ...luaExtension('inbound'), EnvoyVersion: 'new' }])).rejects.toThrow(
      'invalid EnvoyExtensions[0][builtin/lua]: EnvoyVersion must be a version constraint',
    );
  });

  test.each(['bad', 'builtin/bad', 'meshwright/bad'])('a name that is none (%s) is refused', async (Name) => {
    await expect(mesh.serviceDefaults('front', [{ Name, Arguments: {} }])).rejects.toThrow(
      `1 error occurred:\n\t* invalid EnvoyExtensions[0][${Name}]: name "${Name}" is not a built-in extension`,
    );
  });

  describe('that were stored by another version and cannot be used', () => {
    const entry = (Required: boolean) => ({
      Kind: 'service-defaults',
      Name: 'front',
      Protocol: 'http',
      EnvoyExtensions: [luaExtension('inbound'), { Name: 'builtin/lua', Required, Arguments: { Listener: 'inbound' } }],
    });
    const problem =
      'builtin/lua of service-defaults/front is left out: Arguments.ProxyType is missing: it must be "connect-proxy" or "api-gateway"; Arguments.Script is missing';

    test('are left out and named; the others apply', async () => {
      await mesh.force(entry(false));
      expect(mesh.needs().problems).toEqual([problem]);
      expect(filterNames(mesh.publicListener()).filter((name) => name === 'envoy.filters.http.lua')).toHaveLength(1);
    });

    test('hold everything back when they are required: what a proxy has stays, a new one gets nothing', async () => {
      await mesh.force(entry(true));
      const { keepsOthers, problems, resources } = mesh.needs();
      expect([keepsOthers, problems]).toEqual([true, [problem]]);
      expect([...resources.values()].every((all) => all.size === 0)).toBe(true);
      await mesh.serviceDefaults('front', []);
      expect(mesh.needs().keepsOthers).toBeUndefined();
    });
  });
});
