import { Readable } from 'node:stream';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { AppError } from '../../../src/core/index.js';
import { type AgentRequest, createAgentHttpServer, type HttpServer } from '../../../src/edges/http/index.js';
import { testDeps } from './support/test-edge.js';

const relayed: string[] = [];
let server: HttpServer;
let base: string;

async function relay(request: AgentRequest): ReturnType<Parameters<typeof createAgentHttpServer>[1]> {
  relayed.push(`${request.method} ${request.target}`);
  if (request.rest === 'gone') throw new AppError('unavailable', 'No known Consul servers');
  const body = request.method === 'PUT' ? await request.body() : Buffer.from('[]');
  return {
    status: 202,
    made: { rawHeaders: ['X-Consul-Index', '7', 'Set-Thing', 'a', 'Set-Thing', 'b'], body: Readable.from([body]) },
  };
}

beforeAll(async () => {
  const deps = await testDeps({ config: { server: false } });
  const own = {
    method: 'GET',
    path: '/v1/status/leader',
    acl: 'none',
    blocking: false,
    handle: () => ({ json: 'own' }),
  } as const;
  server = createAgentHttpServer(deps, relay, [own]);
  base = `http://127.0.0.1:${(await server.listen({ host: '127.0.0.1', port: 0 })).port}`;
});
afterAll(() => server.close());

const ask = async (target: string, init?: RequestInit) => {
  relayed.length = 0;
  const answer = await fetch(base + target, init);
  return { status: answer.status, headers: answer.headers, text: await answer.text() };
};

describe('the HTTP of a client agent', () => {
  it('answers what is about the agent itself', async () => {
    const { text } = await ask('/v1/agent/self');
    expect(JSON.parse(text)).toMatchObject({
      Config: { NodeName: 'n1', Server: false },
      Member: { Tags: { role: 'node' } },
    });
    expect((await ask('/v1/agent/services')).text).toBe('{}');
    expect(relayed).toEqual([]);
  });

  it('hands on what servers know, and gives their answer as it is', async () => {
    const { status, headers, text } = await ask('/v1/catalog/nodes?index=3&wait=1s');
    expect(relayed).toEqual(['GET /v1/catalog/nodes?index=3&wait=1s']);
    expect([status, headers.get('x-consul-index'), headers.get('set-thing'), text]).toEqual([202, '7', 'a, b', '[]']);
  });

  it('hands on bodies', async () => {
    const { text } = await ask('/v1/kv/a', { method: 'PUT', body: 'value' });
    expect([relayed, text]).toEqual([['PUT /v1/kv/a'], 'value']);
  });

  it('takes a route of its own instead of the servers', async () => {
    expect(JSON.parse((await ask('/v1/status/leader')).text)).toBe('own');
  });

  it('refuses without asking anybody what no server would take', async () => {
    expect((await ask('/v1/catalog/nodes', { method: 'DELETE' })).status).toBe(405);
    expect((await ask('/v1/nothing')).text).toMatch(/not a recognized HTTP API endpoint/);
    expect((await ask('/v1/catalog/services?ns=other')).status).toBe(400);
    expect(relayed).toEqual([]);
  });

  it('says in plain text that no server is there', async () => {
    const { status, text } = await ask('/v1/kv/gone');
    expect([status, text]).toEqual([503, 'No known Consul servers']);
  });
});
