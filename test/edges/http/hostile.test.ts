import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { allRoutes } from '../../../src/edges/http/index.js';
import type { Route } from '../../../src/edges/http/route.js';
import { type TestEdge, testEdge } from './support/test-edge.js';

let edge: TestEdge;
beforeAll(async () => {
  edge = await testEdge({ config: { defaultQueryTimeMs: 1, maxQueryTimeMs: 1 } });
});
afterAll(() => edge.close());

/** Our test double issues no certificates. */
const routes = allRoutes.filter(({ path }) => path !== '/v1/agent/connect/ca/leaf/');

const FIELDS = [
  'Name Node ID Service Address Port Kind Proxy Connect SidecarService Upstreams Config Check Checks TTL Interval Status Meta Tags',
  'Weights Datacenter TaggedAddresses Locality Target ClientCertURI ManualVIPs OverrideProtocol Action Permissions Sources Splits',
  'Routes Subsets __proto__ constructor toString DestinationName LocalBindPort Definition',
].flatMap((line) => line.split(' '));
const PARAMETERS =
  'filter index wait tag node-meta passing cached stale consistent max_stale cas flags keys separator recurse raw pem by name source destination hash enable format segment wan near peer sg compile-dc merge-central-config acquire release'.split(
    ' ',
  );

const leaf = fc.oneof(
  fc.string(),
  fc.double(),
  fc.boolean(),
  fc.constant(null),
  fc.constantFrom('10s', 'connect-proxy', 'passing', '*', 'n1', 'service-defaults', 'http'),
);
const { value: bodies } = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 5 },
    leaf,
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom(...FIELDS), tie('value'), { maxKeys: 6 }),
  ),
}));
const payload = fc.oneof(
  bodies.map((body) => JSON.stringify(body)),
  fc.string(),
  fc.string({ unit: 'binary' }),
);
const query = fc
  .dictionary(
    fc.constantFrom(...PARAMETERS),
    fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.constantFrom('', '1', 'a', 'Node == a', '18446744073709551616', '-1', 'zone:'),
    ),
    { maxKeys: 4 },
  )
  .map((pairs) => new URLSearchParams(pairs).toString());
const rest = fc
  .oneof(fc.string({ unit: 'binary' }), fc.constantFrom('', 'n1', 'web', 'service-defaults/web', 'any', 'a/b/c'))
  .map(encodeSafely);

/** Answers that go on until the client has enough. */
const ENDLESS: ReadonlySet<string> = new Set(['/v1/agent/monitor', '/v1/agent/metrics/stream']);

describe('anything at all', () => {
  test.each(
    routes.filter(({ path }) => !ENDLESS.has(path)).map((route) => [`${route.method} ${route.path}`, route] as const),
  )('%s answers, and never with a fault of ours', async (_name, route: Route) => {
    const request = fc.record({ rest, query, body: payload });
    await fc.assert(
      fc.asyncProperty(request, async (given) => {
        const path = route.path.endsWith('/') ? route.path + given.rest : route.path;
        const body = route.method === 'GET' ? {} : { body: given.body };
        const answer = await edge.ask(`${route.method} ${path}?${given.query}`, body);
        expect([answer.status, answer.text]).not.toEqual([500, expect.anything()]);
      }),
      { numRuns: 40 },
    );
  });

  test('leaves the server answering', async () => {
    expect(await edge.get('GET /v1/status/leader')).toBe('127.0.0.1:8300');
  });
});

/** Unpaired surrogates cannot be in a URL. */
function encodeSafely(text: string): string {
  return encodeURIComponent(text.replace(/\p{Surrogate}/gu, ''));
}
