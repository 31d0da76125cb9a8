import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { decodeConfigEntry } from '../../../src/model/index.js';
import { hasCapability, unenforceable } from '../../../src/xds/resources/capabilities/index.js';
import { proxyNeedsCell, proxyNeedsKey, resourceCell } from '../../../src/xds/resources/index.js';
import { ScenarioMesh } from './support/scenario-mesh.js';

const permission = (Action: string, header: object) => ({
  Kind: 'service-intentions',
  Name: 'front',
  Sources: [{ Name: 'web', Permissions: [{ Action, HTTP: { Header: [{ Name: 'x-role', ...header }] } }] }],
});
const denyByRegex = permission('deny', { Regex: '.*admin.*' });

/** Each of these was tried: a deny for a pattern, a request with the header twice, once with bytes that are no text. */
describe('what an Envoy can enforce', () => {
  test.each(['1.36.2', '1.36.4', '1.37.0', '1.39.1', '1.39.3', '1.40.0', '1.41.0', '1.31.0', '1.34.12', '', 'unknown'])(
    'a pattern of a header sees every value in %s',
    (version) => {
      expect(hasCapability(version, 'regexOverBytes')).toBe(true);
      expect(unenforceable(decodeConfigEntry(denyByRegex), version)).toEqual([]);
    },
  );

  test.each(['1.38.3', '1.39.0', '1.37.1', '1.36.5', '1.35.8', '1.34.13'])('not in %s', (version) => {
    expect(unenforceable(decodeConfigEntry(denyByRegex), version).map(({ problem }) => problem)).toEqual([
      expect.stringMatching(/^Sources\[0\]\.Permissions\[0\]\.HTTP\.Header\[0\]: Envoy 1\.\d+\.\d+ overlooks a value/),
    ]);
  });

  test('patterns that let through what they match, and other matches, need nothing special', () => {
    const problems = (action: string, header: object) =>
      unenforceable(decodeConfigEntry(permission(action, header)), '1.38.3').length;
    expect(problems('deny', { Exact: 'admin' })).toBe(0);
    expect(problems('deny', { Regex: 'a', Invert: true })).toBe(0);
    expect(problems('allow', { Regex: 'a' })).toBe(0);
    expect(problems('allow', { Regex: 'a', Invert: true })).toBe(1);
  });
});

describe('a sidecar whose Envoy is older than what it is to be told', () => {
  let mesh: ScenarioMesh;
  beforeEach(async () => {
    mesh = await ScenarioMesh.start();
    await mesh.step({ config: { Kind: 'proxy-defaults', Name: 'global', Config: { protocol: 'http' } } });
    await mesh.step({
      service: {
        Kind: 'connect-proxy',
        ID: 'front-proxy',
        Name: 'front-proxy',
        Port: 21_000,
        Proxy: {
          DestinationServiceName: 'front',
          LocalServicePort: 8080,
          Upstreams: [{ DestinationName: 'stock', LocalBindPort: 8181 }],
          Expose: { Paths: [{ Path: '/healthz', LocalPathPort: 8080, ListenerPort: 21_500 }] },
        },
      },
    });
  });
  afterEach(() => mesh.stop());

  const needs = (version: string) => {
    const key = proxyNeedsKey({ node: 'node-one', proxyId: 'front-proxy' }, version);
    const { value } = mesh.store.read(proxyNeedsCell, key);
    if (value === undefined) throw new Error('not registered');
    return value;
  };
  /** Versions of resources by type and name: equal ones are equal bytes. */
  const versions = (version: string) =>
    Object.fromEntries(
      [...needs(version).resources].flatMap(([type, names]) =>
        [...names].map(([name, key]) => [`${type} ${name}`, mesh.store.read(resourceCell, key).value?.version]),
      ),
    );
  const text = (version: string, type: 'listener' | 'route') =>
    [...(needs(version).resources.get(type)?.values() ?? [])]
      .map((key) => mesh.store.read(resourceCell, key).value?.bytes.toString('latin1'))
      .join('\n');

  test('gets the usual format of access logs when it does not know the one that is wished for, and says so', async () => {
    const plain = versions('1.36.2');
    const logs = (AccessLogs: object) =>
      mesh.step({ config: { Kind: 'proxy-defaults', Name: 'global', Config: { protocol: 'http' }, AccessLogs } });
    await logs({ Enabled: true, TextFormat: '%PROTOCOL% %LISTENER_NAME%' });
    expect(text('1.40.0', 'listener')).toContain('%LISTENER_NAME%');
    expect(needs('1.40.0').problems).toEqual([]);
    expect(text('1.39.0', 'listener')).not.toContain('%LISTENER_NAME%');
    expect(text('1.39.0', 'listener').match(/%RESPONSE_FLAGS%/g)?.length).toBeGreaterThan(2);
    expect(needs('1.39.0').problems).toEqual([
      'access logs of proxy-defaults/global have the usual format: Envoy 1.39.0 does not know all of "%PROTOCOL% %LISTENER_NAME%"',
    ]);
    const usual = versions('1.39.0');
    await logs({ Enabled: true });
    expect(versions('1.40.0')).toEqual(usual);
    await logs({ Enabled: false, TextFormat: '%LISTENER_NAME%' });
    expect(versions('1.36.2')).toEqual(plain);
    expect(needs('1.36.2').problems).toEqual([]);
  });

  test('gets a router without the headers that it cannot make, and shares all other resources', async () => {
    const headers = { Add: { 'x-listener': '%LISTENER_NAME%', 'x-old': '%PROTOCOL%' } };
    const router = (Destination: object) =>
      mesh.step({ config: { Kind: 'service-router', Name: 'stock', Routes: [{ Destination }] } });
    await router({ RequestHeaders: headers });
    expect(text('1.40.0', 'route')).toContain('x-listener');
    expect(text('1.38.3', 'route')).not.toContain('x-listener');
    expect(text('1.38.3', 'route')).toContain('x-old');
    expect(needs('1.38.3').problems).toEqual([
      'upstream stock: the header "x-listener" is not set: "%LISTENER_NAME%" needs Envoy 1.40',
    ]);
    const { 'route stock': _newest, ...others } = versions('1.40.0');
    expect(versions('1.38.3')).toMatchObject(others);
    await router({ RequestHeaders: { Add: { 'x-old': '%PROTOCOL%' } } });
    expect(needs('1.38.3').resources).toEqual(needs('1.40.0').resources);
  });

  test('keeps the intentions of before when it could not hold callers to those of now, and says so', async () => {
    await mesh.step({ config: denyByRegex });
    expect(needs('1.40.0').keepsOthers).toBeUndefined();
    expect(needs('1.40.0').resources.get('extension')?.size).toBe(1);
    const limited = needs('1.38.3');
    expect([limited.keepsOthers, limited.resources.get('extension')?.size]).toEqual([true, 0]);
    expect(limited.problems).toEqual([
      expect.stringMatching(/^service-intentions\/front is not carried out, what was there before stays: Sources\[0\]/),
    ]);
    expect(limited.resources.get('listener')?.size).toBe(needs('1.40.0').resources.get('listener')?.size);
  });
});
