import { type IncomingHttpHeaders, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, onTestFinished, test } from 'vitest';
import { metricsProxyOf } from '../../../src/agent/config/metrics-proxy.js';
import { type TestEdge, testEdge } from './support/test-edge.js';

interface Seen {
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
}
let edge: TestEdge;
afterEach(() => edge.close());

async function withBackend(pathAllowlist: readonly string[], body = '{"status":"success"}') {
  const seen: Seen[] = [];
  const server = createServer((request, response) => {
    seen.push({ url: request.url ?? '', headers: request.headers });
    response.writeHead(request.url?.includes('moved') ? 302 : 200, {
      'Content-Type': 'application/json',
      Location: '/x',
    });
    response.end(body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/base/`;
  const metricsProxy = { baseUrl, pathAllowlist, addHeaders: [{ name: 'X-Scope', value: 'mesh' }] };
  edge = await testEdge({ config: { metricsProxy } });
  return seen;
}
const ask = (path: string) =>
  edge.ask(`GET /v1/internal/ui/metrics-proxy/${path}`, {
    headers: { 'x-consul-token': 'secret', authorization: 'Bearer secret', cookie: 'a=secret' },
  });

describe('the metrics proxy', () => {
  test('asks the backend, and shows it nothing of the caller', async () => {
    const seen = await withBackend(['/api/v1/query']);
    const answer = await ask('api/v1/query?query=up%7Bjob%3D%22a%22%7D&token=secret&dc=dc1&time=1');
    expect([answer.status, answer.json, answer.headers['content-type']]).toEqual([
      200,
      { status: 'success' },
      'application/json',
    ]);
    expect(new URL(seen[0]?.url ?? '', 'http://x').searchParams.get('query')).toBe('up{job="a"}');
    expect(seen[0]?.url).toMatch(/^\/base\/api\/v1\/query\?/);
    expect(seen[0]?.headers).toMatchObject({ 'x-scope': 'mesh' });
    expect(JSON.stringify(seen)).not.toContain('secret');
  });

  test('lets only paths of its list through', async () => {
    const seen = await withBackend(['/api/v1/query']);
    expect((await ask('api/v1/admin/tsdb/delete_series')).status).toBe(403);
    expect((await ask('api/v1/query/')).status).toBe(403);
    expect((await ask('api/v1/query%2f..%2fadmin')).status).toBe(400);
    expect(seen).toEqual([]);
  });

  test('does not follow redirects, and stops at too large an answer', async () => {
    const seen = await withBackend([], 'x'.repeat(17 * 1024 * 1024));
    expect((await ask('big')).status).toBe(503);
    expect(seen).toHaveLength(1);
  });

  test('says when it is off, and when nobody answers', async () => {
    edge = await testEdge();
    expect((await ask('api/v1/query')).status).toBe(404);
    await edge.close();
    const metricsProxy = { baseUrl: 'http://127.0.0.1:9', pathAllowlist: [], addHeaders: [] };
    edge = await testEdge({ config: { metricsProxy } });
    expect(await ask('api/v1/query')).toMatchObject({ status: 503, text: expect.stringContaining('base_url') });
  });
});

describe('ui_config.metrics_proxy', () => {
  const of = (metricsProxy: object, metricsProvider = '') =>
    metricsProxyOf({ uiConfig: { metricsProvider, metricsProxy } });

  test('knows what the Prometheus provider asks for', async () => {
    edge = await testEdge();
    expect(metricsProxyOf({})).toEqual({});
    expect(of({ baseUrl: 'http://p:9090' }, 'prometheus')).toMatchObject({
      metricsProxy: { pathAllowlist: ['/api/v1/query', '/api/v1/query_range'] },
    });
    expect(() => of({ baseUrl: 'file:///etc' })).toThrow(/http or https/);
    expect(() => of({ baseUrl: 'http://p', pathAllowlist: ['x'] })).toThrow(/start with/);
    expect(() => of({ baseUrl: 'http://p', addHeaders: [{ name: 'a', value: 'x\r\ny' }] })).toThrow(/no header/);
  });
});
