import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createWaitingServer } from '../../../src/edges/http/waiting-server.js';
import { httpCall } from '../../support/envoy-rig/index.js';

describe('the HTTP door of a server whose cluster is not there yet', () => {
  let missing = '2 more servers';
  const server = createWaitingServer(() => missing);
  let port = 0;
  beforeAll(async () => {
    ({ port } = await server.listen({ host: '127.0.0.1', port: 0 }));
  });
  afterAll(() => server.close());

  it.each([
    ['/v1/status/leader', '""'],
    ['/v1/status/peers?pretty', '[]'],
  ])('answers %s with nothing', async (path, text) => {
    expect(await httpCall({ port, path })).toMatchObject({ status: 200, text });
  });

  it.each([
    ['GET', '/v1/catalog/nodes'],
    ['PUT', '/v1/kv/a'],
    ['DELETE', '/v1/status/leader'],
    ['GET', '/%zz'],
    ['GET', '//'],
  ])('refuses %s %s with what it waits for', async (method, path) => {
    missing = 'server-3 to answer';
    const answer = await httpCall({ port, method, path, ...(method === 'PUT' ? { body: 'x'.repeat(100_000) } : {}) });
    expect(answer).toMatchObject({ status: 500, text: 'No cluster leader: server-3 to answer' });
  });

  it('gives its port back at once, with whoever is still connected', async () => {
    await server.close();
    await expect(httpCall({ port })).rejects.toThrow();
    const next = createWaitingServer(() => '');
    expect(await next.listen({ host: '127.0.0.1', port })).toMatchObject({ port });
    await next.close();
  });
});
