import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type TestEdge, testEdge } from './support/test-edge.js';

/** What a running Consul takes, or answers with a fault of its own (consul-observed.md, "Where it is weak"). */
let edge: TestEdge;
beforeAll(async () => {
  edge = await testEdge();
});
afterAll(() => edge.close());

const deep = (levels: number): string => `${'('.repeat(levels)}Name == a${')'.repeat(levels)}`;
const service = (fields: object): [string, object] => ['PUT /v1/agent/service/register', { Name: 'web', ...fields }];
const inCatalog = (fields: object): [string, object] => [
  'PUT /v1/catalog/register',
  { Node: 'n2', Address: '10.0.0.2', Service: { Service: 'web', ...fields } },
];
const entry = (fields: object): [string, object] => ['PUT /v1/config', { Name: 'web', ...fields }];
const route = (fields: object) => entry({ Kind: 'service-router', Routes: [fields] });
const httpRoute = (fields: object) =>
  entry({ Kind: 'http-route', Parents: [{ Name: 'gate' }], Rules: [{ Services: [{ Name: 'web' }], ...fields }] });
const ingress = (fields: object) =>
  entry({
    Kind: 'ingress-gateway',
    Listeners: [{ Port: 80, Protocol: 'http', Services: [{ Name: 'web', Hosts: ['a'], ...fields }] }],
  });

const REFUSED: Readonly<Record<string, [string, object]>> = {
  'a subset whose filter has 3,000 nested parentheses': entry({
    Kind: 'service-resolver',
    Subsets: { v1: { Filter: deep(3_000) } },
  }),
  'a service at port -5': service({ Port: -5 }),
  'a service at port 70000': service({ Port: 70_000 }),
  'a service at port 70000, in the catalog': inCatalog({ Port: 70_000 }),
  'a service of a kind that nobody knows': service({ Kind: 'odd-proxy' }),
  'a service of a kind that nobody knows, in the catalog': inCatalog({ Kind: 'odd-proxy' }),
  'a mesh gateway mode that nobody knows': entry({ Kind: 'service-defaults', MeshGateway: { Mode: 'odd' } }),
  'a negative connect timeout': entry({ Kind: 'service-resolver', ConnectTimeout: '-1s' }),
  'a negative request timeout': entry({ Kind: 'service-resolver', RequestTimeout: '-1s' }),
  'a negative timeout of a route': route({ Destination: { RequestTimeout: '-1s' } }),
  'a negative timeout of a check': [
    'PUT /v1/agent/check/register',
    { Name: 'c', HTTP: 'http://a', Interval: '1s', Timeout: '-1s' },
  ],
  'a regular expression that is none': route({ Match: { HTTP: { PathRegex: '(' } } }),
  'a line break in a rewrite of a router': route({ Destination: { PrefixRewrite: '/a\r\nb: c' } }),
  'a NUL in a rewrite of a router': route({ Destination: { PrefixRewrite: '/a\0' } }),
  'a line break in a header of a router': route({ Destination: { RequestHeaders: { Set: { a: 'b\r\nc: d' } } } }),
  'a NUL in a header of an ingress gateway': ingress({ RequestHeaders: { Add: { a: '\0' } } }),
  'a line break in a header of a route': httpRoute({ Filters: { Headers: [{ Add: { a: 'b\nc' } }] } }),
  'a line break in a rewrite of a route': httpRoute({ Filters: { URLRewrite: { Path: '/a\r\n' } } }),
  'an intention that is null': ['PUT /v1/connect/intentions/exact?source=a&destination=web', null as never],
  'a config entry that is null': ['PUT /v1/config', null as never],
  'a prepared query without a service': ['POST /v1/query', { Name: 'q' }],
  'a session whose time is none': ['PUT /v1/session/create', { TTL: '1x' }],
};

describe('is refused with 400 and a reason, and not stored:', () => {
  test.each(Object.entries(REFUSED))('%s', async (_what, [line, body]) => {
    const before = edge.deps.store.index;
    const answer = await edge.ask(line, { body: JSON.stringify(body) });
    expect([answer.status, answer.text]).toEqual([400, expect.stringMatching(/\w{3}/)]);
    expect(answer.text).not.toMatch(/\n\s+at |\.[jt]s:\d+|node_modules|\/src\//);
    expect(edge.deps.store.index).toBe(before);
  });

  test.each(['/v1/catalog/nodes', '/v1/health/service/web', '/v1/agent/services', '/v1/internal/ui/services'])(
    'a filter of 3,000 nested parentheses at %s',
    async (path) => {
      const { status, text } = await edge.ask(`GET ${path}?filter=${encodeURIComponent(deep(3_000))}`);
      expect([status, text]).toEqual([400, expect.stringContaining('nested deeper than 100 levels')]);
    },
  );
});
