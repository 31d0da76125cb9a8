import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { AppError } from '../../../src/core/index.js';
import { type EntryGuard, deleteConfigEntry, writeConfigEntry } from '../../../src/discovery/config/index.js';
import { decodeIntention, deleteIntention, upsertIntention } from '../../../src/discovery/intentions/index.js';
import { type ConnectedProxy, createEntryGuard } from '../../../src/discovery/proxies/index.js';
import { type ConfigEntryKind, configEntryKey, decodeConfigEntry } from '../../../src/model/index.js';
import { ScenarioMesh } from '../../xds/resources/support/scenario-mesh.js';

const sidecar = (service: string, port: number, upstreams: readonly object[] = []) => ({
  service: {
    Kind: 'connect-proxy',
    ID: `${service}-proxy`,
    Name: `${service}-proxy`,
    Port: port,
    Proxy: { DestinationServiceName: service, LocalServicePort: 8080, Upstreams: upstreams },
  },
});
const http = { Kind: 'proxy-defaults', Name: 'global', Config: { protocol: 'http' } };
const judge = { Kind: 'service-defaults', Name: 'judge', Protocol: 'grpc' };
/** A check that asks another service, which has to be an upstream of the proxy. */
const authorization = (Required: boolean) => ({
  Name: 'builtin/ext-authz',
  Required,
  Arguments: {
    ProxyType: 'connect-proxy',
    Config: { GrpcService: { Target: { Service: { Name: 'judge' } } } },
  },
});

describe('the guard of config entries', () => {
  let mesh: ScenarioMesh;
  let guard: EntryGuard;
  let turns = 0;
  let nowMs = 0;
  let stepMs = 0;
  const connected: ConnectedProxy[] = [];

  beforeEach(async () => {
    mesh = await ScenarioMesh.start();
    connected.length = 0;
    turns = 0;
    stepMs = 0;
    guard = createEntryGuard({
      store: mesh.store,
      connected: () => connected,
      nextTurn: () => Promise.resolve(void turns++),
      now: () => (nowMs += stepMs),
    });
    await mesh.step({ config: http });
    await mesh.step(sidecar('web', 21_000, [{ DestinationName: 'api', LocalBindPort: 8181 }]));
    await mesh.step(sidecar('api', 21_001));
  });
  afterEach(() => mesh.stop());

  /** Why a write is refused, or `taken`; nothing is written when it is. */
  const outcome = async (write: Promise<unknown>) => {
    const { index } = mesh.store;
    const text = await write.then(
      () => 'taken',
      (thrown: unknown) => AppError.from(thrown).message,
    );
    if (text !== 'taken') expect(mesh.store.index).toBe(index);
    return text;
  };
  const put = (body: object) => outcome(writeConfigEntry(mesh.store, decodeConfigEntry(body), {}, guard));
  const remove = (kind: ConfigEntryKind, name: string) => outcome(deleteConfigEntry(mesh.store, kind, name, {}, guard));
  const stored = (kind: ConfigEntryKind, name: string) =>
    mesh.store.view.get('config-entries', configEntryKey(kind, name)) !== undefined;

  describe('refuses what a registered proxy could not be configured with, naming entry, proxy and reason', () => {
    test('a required extension that cannot be applied to it', async () => {
      const defaults = (required: boolean) => ({
        Kind: 'service-defaults',
        Name: 'api',
        Protocol: 'http',
        EnvoyExtensions: [authorization(required)],
      });
      expect(await put(defaults(true))).toMatch(
        /^service-defaults "api" cannot be written: proxy "api-proxy" of node "node-one" could not be configured any more: .*"judge", which is not an upstream/,
      );
      expect(stored('service-defaults', 'api')).toBe(false);
      expect(await put(defaults(false))).toBe('taken');
      await mesh.step(sidecar('api', 21_001, [{ DestinationName: 'judge', LocalBindPort: 8182 }]));
      await mesh.step({ config: judge });
      expect(await put(defaults(true))).toBe('taken');
      expect(await remove('service-defaults', 'judge')).toMatch(
        /^service-defaults "judge" cannot be deleted: proxy "api-proxy" of node "node-one" .* whose protocol is http/,
      );
    });

    test('in proxy-defaults, for whichever proxy it is', async () => {
      await mesh.step(sidecar('api', 21_001, [{ DestinationName: 'judge', LocalBindPort: 8182 }]));
      await mesh.step({ config: judge });
      expect(await put({ ...http, EnvoyExtensions: [authorization(true)] })).toContain('proxy "web-proxy" of node');
    });
  });

  test('lets an entry be changed and deleted that breaks a proxy already', async () => {
    const body = { Kind: 'service-defaults', Name: 'api', Protocol: 'http', EnvoyExtensions: [authorization(true)] };
    await mesh.step({ config: body });
    expect(await put({ ...body, MaxInboundConnections: 3 })).toBe('taken');
    expect(await remove('service-defaults', 'api')).toBe('taken');
  });

  test('leaves refusals of entries by themselves to their own rules, and what changes nothing alone', async () => {
    expect(await put({ Kind: 'service-defaults', Name: 'api', Protocol: 'tcp' })).toBe('taken');
    expect(await put({ Kind: 'service-router', Name: 'api' })).toContain('does not permit advanced routing');
    const asked = turns;
    expect(await put(http)).toBe('taken');
    expect(turns).toBe(asked);
  });

  test('looks at proxies that differ in nothing but their place once, and gives others their turn', async () => {
    for (let node = 0; node < 30; node++)
      await mesh.step({
        catalog: {
          Node: `n${node}`,
          Address: '10.0.0.1',
          Service: { Kind: 'connect-proxy', Service: 'web-proxy', Port: 1, Proxy: { DestinationServiceName: 'same' } },
        },
      });
    expect(await put({ ...http, Config: { protocol: 'http', a: 1 } })).toBe('taken');
    expect(turns).toBe(0);
    for (let service = 0; service < 30; service++)
      await mesh.step({
        catalog: {
          Node: `n${service}`,
          Address: '10.0.0.1',
          Service: {
            Kind: 'connect-proxy',
            Service: 'web-proxy',
            Port: 1,
            Proxy: { DestinationServiceName: `svc-${service}` },
          },
        },
      });
    expect(await put({ ...http, Config: { protocol: 'http', a: 2 } })).toBe('taken');
    expect(turns).toBe(4);
  });

  test('gives others their turn after each step that takes long, however few they are', async () => {
    expect(await put({ ...http, Config: { protocol: 'http', a: 1 } })).toBe('taken');
    expect(turns).toBe(0);
    stepMs = 20;
    expect(await put({ ...http, Config: { protocol: 'http', a: 2 } })).toBe('taken');
    expect(turns).toBeGreaterThanOrEqual(3);
  });

  describe('refuses what a connected Envoy cannot enforce, naming the field and the proxies', () => {
    const intentions = (Regex: string, more: readonly object[] = []) => ({
      Kind: 'service-intentions',
      Name: 'api',
      Sources: [{ Name: 'web', Permissions: [{ Action: 'deny', HTTP: { Header: [{ Name: 'x', Regex }] } }] }, ...more],
    });
    const connect = (proxyId: string, service: string, envoyVersion: string) =>
      connected.push({ node: 'node-one', proxyId, service, envoyVersion });

    test('for proxies of the service only', async () => {
      connect('web-proxy', 'web', '1.38.3');
      connect('api-proxy', 'api', '1.40.0');
      expect(await put(intentions('a+'))).toBe('taken');
    });

    test('until they run a newer one; what an entry held before may stay', async () => {
      connect('api-proxy', 'api', '1.38.3');
      expect(await put(intentions('a+'))).toBe(
        'service-intentions "api" cannot be enforced by "api-proxy" of node "node-one": Sources[0].Permissions[0].HTTP.Header[0]: ' +
          'Envoy 1.38.3 overlooks a value of a repeated header that is not UTF-8 when it matches a regular expression; ' +
          'use another kind of match, or Envoy 1.39.1 or newer',
      );
      await mesh.step({ config: intentions('a+') });
      const more = [{ Name: '*', Action: 'deny' }];
      expect(await put(intentions('a+', more))).toBe('taken');
      expect(await put(intentions('b+', more))).toContain('cannot be enforced');
      connected.length = 0;
      expect(await put(intentions('b+', more))).toBe('taken');
    });

    test('also when one intention is changed', async () => {
      for (let at = 0; at < 7; at++) connect(`api-proxy-${at}`, 'api', '1.39.0');
      const pair = { source: { name: 'web', peer: '' }, destination: 'api' };
      const body = decodeIntention({
        Permissions: [{ Action: 'deny', HTTP: { Header: [{ Name: 'x', Regex: 'a' }] } }],
      });
      expect(await outcome(upsertIntention(mesh.store, pair, body, guard))).toContain(
        '"api-proxy-4" of node "node-one" and 2 more: Sources[0]',
      );
      await upsertIntention(mesh.store, pair, body);
      expect(await outcome(deleteIntention(mesh.store, pair, guard))).toBe('taken');
    });
  });
});
