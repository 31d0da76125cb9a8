import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { checkLua } from '../../../../src/lang/lua/index.js';
import { checkEncoding } from '../../../../src/xds/envoy-api/index.js';
import { ExtensionMesh, filterNames } from './support/extension-mesh.js';

const direction = fc.constantFrom('inbound', 'outbound');
const target = fc.constantFrom<object>(
  { URI: 'localhost:9191' },
  { URI: '127.0.0.1:9191', Timeout: '2s' },
  { URI: '::1:9292' },
  { Service: { Name: 'orders' } },
  { Service: { Name: 'stock' } },
  { Service: { Name: 'nobody' } },
);
const headers = fc.array(
  fc.record({ Key: fc.constantFrom('x-a', 'x-b'), Value: fc.string({ unit: 'grapheme-ascii' }) }),
  {
    maxLength: 2,
  },
);
const rules = fc.array(
  fc.constantFrom({ Exact: 'x-a' }, { Prefix: 'x-', IgnoreCase: true }, { SafeRegex: 'x-[ab]+' }),
  {
    maxLength: 2,
  },
);

const script = fc
  .string({ minLength: 1 })
  .map((text) => `local x = ${JSON.stringify(text)} -- ${JSON.stringify(text)}`)
  .filter((one) => checkLua(one) === undefined);

const lua = fc
  .record({ ProxyType: fc.constant('connect-proxy'), Listener: direction, Script: script })
  .map((Arguments) => ({ Name: 'builtin/lua', Arguments }));

const place = fc.record(
  {
    Location: fc.constantFrom('First', 'BeforeLast', 'BeforeFirstMatch', 'AfterLastMatch'),
    FilterName: fc.constantFrom('envoy.filters.http.rbac', 'envoy.filters.http.router', 'envoy.filters.network.rbac'),
  },
  { requiredKeys: [] },
);
const grpcAuthz = fc.record(
  { Target: target, Authority: fc.constant('authz'), InitialMetadata: headers },
  { requiredKeys: ['Target'] },
);
const httpAuthz = fc.record(
  {
    Target: target,
    PathPrefix: fc.constant('/verify'),
    AuthorizationRequest: fc.record({ AllowedHeaders: rules, HeadersToAdd: headers }),
    AuthorizationResponse: fc.record({ AllowedUpstreamHeaders: rules, AllowedClientHeaders: rules }),
  },
  { requiredKeys: ['Target'] },
);
const authz = fc
  .record(
    {
      ListenerType: direction,
      InsertOptions: place,
      Config: fc.oneof(
        grpcAuthz.map((GrpcService) => ({ GrpcService })),
        fc.record({ HttpService: httpAuthz, StatusOnError: fc.constantFrom(0, 403, 503) }),
      ),
    },
    { requiredKeys: ['Config'] },
  )
  .map((Arguments) => ({ Name: 'builtin/ext-authz', Arguments }));

const code = fc.constantFrom<object>(
  { Local: { Filename: '/p.wasm' } },
  { Remote: { HttpURI: { Service: { Name: 'orders' }, URI: 'http://files/p.wasm' }, SHA256: 'ab'.repeat(32) } },
);
const wasm = fc
  .record({ Protocol: fc.constantFrom('tcp', 'http'), ListenerType: direction, code })
  .map(({ code: Code, ...rest }) => ({
    Name: 'builtin/wasm',
    Arguments: { ...rest, PluginConfig: { VmConfig: { Code } } },
  }));

const otel = fc
  .record({
    ListenerType: direction,
    Target: target,
    Attributes: fc.dictionary(fc.string(), fc.oneof(fc.string(), fc.boolean(), fc.double())),
  })
  .map(({ ListenerType, Target, Attributes }) => ({
    Name: 'builtin/otel-access-logging',
    Arguments: { ListenerType, Config: { GrpcService: { Target }, Attributes } },
  }));

const patch = fc
  .record({
    ResourceFilter: fc.record({
      ResourceType: fc.constantFrom('cluster', 'listener', 'route', 'cluster-load-assignment'),
      TrafficDirection: direction,
    }),
    change: fc.constantFrom<{ type: string; Op: string; Path: string; Value?: unknown }>(
      { type: 'cluster', Op: 'remove', Path: '/transport_socket' },
      { type: 'cluster', Op: 'add', Path: '/type', Value: 'STRICT_DNS' },
      { type: 'cluster', Op: 'remove', Path: '/eds_cluster_config' },
      { type: 'listener', Op: 'remove', Path: '/filter_chains' },
      { type: 'listener', Op: 'add', Path: '/tcp_backlog_size', Value: 5 },
      { type: 'route', Op: 'remove', Path: '/virtual_hosts' },
      { type: 'cluster-load-assignment', Op: 'remove', Path: '/endpoints' },
    ),
  })
  .map(({ ResourceFilter: { TrafficDirection }, change: { type: ResourceType, ...change } }) => ({
    ResourceFilter: { ResourceType, TrafficDirection },
    ...change,
  }));
const override = fc
  .array(patch, { minLength: 1, maxLength: 3 })
  .map((Patches) => ({ Name: 'builtin/property-override', Arguments: { Patches } }));

const lambda = fc.constant({
  Name: 'builtin/aws/lambda',
  Arguments: { ARN: 'arn:aws:lambda:eu-west-1:111111111111:function:f' },
});

const list = <Item extends object>(item: fc.Arbitrary<Item>) =>
  fc.array(
    fc.tuple(item, fc.boolean()).map(([one, Required]) => ({ ...one, Required })),
    { maxLength: 3 },
  );
const own = list(fc.oneof(lua, authz, wasm, otel, override));

describe('whatever extensions are written', () => {
  let mesh: ExtensionMesh;
  beforeAll(async () => {
    checkEncoding(true);
    mesh = await ExtensionMesh.start();
  });
  afterAll(async () => {
    checkEncoding(false);
    await mesh.stop();
  });

  test('a proxy is told what hangs together and loses nothing on the wire, or keeps what it has and hears why', async () => {
    await fc.assert(
      fc.asyncProperty(
        own,
        own,
        list(lambda),
        fc.constantFrom('tcp', 'http', 'grpc'),
        async (all, front, orders, Protocol) => {
          await mesh.proxyDefaults(all);
          await mesh.serviceDefaults('front', front, { Protocol });
          await mesh.serviceDefaults('orders', orders, { Protocol: 'http' });
          const { keepsOthers, problems } = mesh.needs();
          const told = mesh.scenario.tell('front-proxy');
          // Secrets are there for all, also where an override has taken TLS away from everything.
          expect(told.problems.filter((problem) => !problem.startsWith('secrets: nothing asks for'))).toEqual([]);
          if (keepsOthers) expect(problems.length).toBeGreaterThan(0);
        },
      ),
      { numRuns: 60 },
    );
  }, 120_000);

  test('the owner of an upstream changes nothing of a caller but what it sends to him', async () => {
    await mesh.proxyDefaults([]);
    await mesh.serviceDefaults('front', []);
    await mesh.serviceDefaults('stock', []);
    const others = () => {
      const { clusters, listeners } = mesh.scenario.tell('front-proxy').resources;
      return JSON.stringify([clusters, listeners], (key, value: unknown) =>
        key.startsWith('stock') ? undefined : value,
      );
    };
    const before = others();
    await fc.assert(
      fc.asyncProperty(list(fc.oneof(lua, authz, wasm, otel, override, lambda)), async (extensions) => {
        await mesh.serviceDefaults('stock', extensions, { Protocol: 'http' });
        expect(others()).toBe(before);
        expect(filterNames(mesh.upstreamListener('stock')).filter((name) => /lua|authz|wasm/.test(name))).toEqual([]);
      }),
      { numRuns: 40 },
    );
  }, 120_000);
});
