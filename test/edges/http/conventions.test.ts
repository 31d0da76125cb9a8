import { gunzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { allRoutes } from '../../../src/edges/http/index.js';
import { createApp } from '../../../src/edges/http/server.js';
import { type TestEdge, testDeps, testEdge } from './support/test-edge.js';

let edge: TestEdge;
beforeEach(async () => {
  edge = await testEdge();
});
afterEach(() => edge.close());

describe('every path', () => {
  test.each([
    ['/v1/nothing', /not a recognized HTTP API endpoint/],
    ['/v1/kvx/a', /not a recognized HTTP API endpoint/],
    ['/v2/kv/a', /ensure the path starts with '\/v1\/'/],
    ['/favicon.ico', /ensure the path starts with '\/v1\/'/],
    ['/V1/kv/a', /ensure the path starts with '\/v1\/'/],
  ])('%s that is not ours is 404 and says how ours begin', async (path, text) => {
    const answer = await edge.ask(`GET ${path}`);
    expect(answer.status).toBe(404);
    expect(answer.text).toMatch(text);
    expect(answer.headers['content-type']).toBe('text/plain; charset=utf-8');
  });

  test.each([
    ['PATCH', '/v1/kv/x', 'OPTIONS,GET,PUT,DELETE'],
    ['HEAD', '/v1/catalog/nodes', 'OPTIONS,GET'],
    ['POST', '/v1/agent/service/register', 'OPTIONS,PUT'],
    ['GET', '/v1/agent/connect/authorize', 'OPTIONS,POST'],
  ])('refuses %s at %s and names what is allowed', async (method, path, allow) => {
    const answer = await edge.ask(`${method} ${path}`);
    expect([answer.status, answer.headers['allow']]).toEqual([405, allow]);
  });

  test('answers OPTIONS with its methods and no body', async () => {
    const answer = await edge.ask('OPTIONS /v1/kv/a');
    expect([answer.status, answer.headers['allow'], answer.text]).toEqual([200, 'OPTIONS,GET,PUT,DELETE', '']);
  });

  test.each([
    ['/v1/kv//a', '/v1/kv/a'],
    ['//v1/kv/a', '/v1/kv/a'],
    ['/v1/kv?recurse', '/v1/kv/?recurse'],
    ['/v1/health/service', '/v1/health/service/'],
  ])('%s leads to %s', async (path, location) => {
    const answer = await edge.ask(`GET ${path}`);
    expect([answer.status, answer.headers['location']]).toEqual([307, location]);
  });

  test.each(['/v1/kv/%zz', '/v1/kv/%', '/v1/kv/%C3'])('%s is a bad request', async (path) => {
    expect((await edge.ask(`GET ${path}`)).status).toBe(400);
  });

  test('with control characters is a bad request without a body', async () => {
    const answer = await edge.ask('PUT /v1/kv/%01ctl', { body: 'x' });
    expect([answer.status, answer.text]).toEqual([400, '']);
  });
});

describe('every answer', () => {
  test('says what applies without rights, and carries the configured headers', async () => {
    await edge.close();
    edge = await testEdge({ config: { defaultAclPolicy: 'deny', responseHeaders: { 'X-Test': 'yes' } } });
    for (const path of ['/v1/status/leader', '/v1/nothing', '/v1/kv/none']) {
      const { headers } = await edge.ask(`GET ${path}`);
      expect([headers['x-consul-default-acl-policy'], headers['x-test']]).toEqual(['deny', 'yes']);
    }
  });

  test('is one line, indented with ?pretty, and always indented in development', async () => {
    expect((await edge.ask('GET /v1/catalog/datacenters')).text).toBe('["dc1"]');
    expect((await edge.ask('GET /v1/catalog/datacenters?pretty')).text).toBe('[\n    "dc1"\n]\n');
    await edge.close();
    edge = await testEdge({ config: { devMode: true } });
    expect((await edge.ask('GET /v1/catalog/datacenters')).text).toBe('[\n    "dc1"\n]');
  });

  test('is compressed when it is worth it and the client takes it', async () => {
    await edge.ask('PUT /v1/kv/big', { body: 'x'.repeat(6000) });
    const app = createApp(edge.deps, allRoutes, new AbortController().signal);
    const big = await app.inject({ url: '/v1/kv/big?raw', headers: { 'accept-encoding': 'gzip' } });
    expect(big.headers['content-encoding']).toBe('gzip');
    expect(gunzipSync(big.rawPayload).toString()).toBe('x'.repeat(6000));
    const refused = await app.inject({ url: '/v1/kv/big?raw', headers: { 'accept-encoding': 'gzip;q=0' } });
    expect(refused.headers['content-encoding']).toBeUndefined();
    await edge.ask('PUT /v1/kv/small', { body: 's' });
    const small = await app.inject({ url: '/v1/kv/small?raw', headers: { 'accept-encoding': 'gzip' } });
    expect(small.headers['content-encoding']).toBeUndefined();
    await app.close();
  });
});

describe('the agent configuration', () => {
  test('closes path prefixes', async () => {
    await edge.close();
    edge = await testEdge({ config: { blockEndpoints: ['/v1/kv'] } });
    const blocked = await edge.ask('GET /v1/kv/a');
    expect([blocked.status, blocked.text]).toEqual([403, 'Endpoint is blocked by agent configuration']);
    expect((await edge.ask('GET /v1/catalog/nodes')).status).toBe(200);
  });

  test('lets only some networks write', async () => {
    await edge.close();
    edge = await testEdge({ config: { allowWriteHttpFrom: ['10.0.0.0/8'] } });
    expect((await edge.ask('PUT /v1/kv/a', { body: 'x' })).status).toBe(403);
    expect((await edge.ask('GET /v1/kv/a')).status).toBe(404);
    expect((await edge.ask('OPTIONS /v1/kv/a')).status).toBe(200);
    await edge.close();
    edge = await testEdge({ config: { allowWriteHttpFrom: ['127.0.0.1/32'] } });
    expect((await edge.ask('PUT /v1/kv/a', { body: 'x' })).json).toBe(true);
  });
});

describe('other places', () => {
  test.each(['GET /v1/catalog/nodes?dc=dc2', 'PUT /v1/kv/a?dc=dc2', 'GET /v1/catalog/nodes?datacenter=dc2'])(
    '%s has no way there',
    async (line) => {
      const answer = await edge.ask(line, line.startsWith('PUT') ? { body: 'x' } : {});
      expect([answer.status, answer.text]).toEqual([400, 'No path to datacenter']);
    },
  );

  test('namespaces and partitions are refused by name', async () => {
    expect((await edge.ask('GET /v1/kv/a?ns=team')).text).toMatch(/"ns".*Namespaces are a Consul Enterprise feature/);
    expect((await edge.ask('GET /v1/kv/a?partition=p')).text).toMatch(
      /"partition".*Partitions are a Consul Enterprise feature/,
    );
    expect((await edge.ask('GET /v1/catalog/nodes?ns=x')).status).toBe(200);
  });
});

describe('a fault of ours', () => {
  test('is logged and answered with 500; the next request is served', async () => {
    const deps = await testDeps();
    const logged: string[] = [];
    const logger = { ...deps.logger, error: (_fields: object, message: string) => logged.push(message) };
    const broken = { ...deps, logger, control: { ...deps.control, reload: () => Promise.reject(new Error('boom')) } };
    const app = createApp(broken, allRoutes, new AbortController().signal);
    const answer = await app.inject({ method: 'PUT', url: '/v1/agent/reload' });
    expect([answer.statusCode, logged.length]).toEqual([500, 1]);
    expect((await app.inject('/v1/status/leader')).statusCode).toBe(200);
    await app.close();
  });
});
