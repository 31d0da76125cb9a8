import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, onTestFinished, test } from 'vitest';
import { type TestEdge, testEdge } from '../../edges/http/support/test-edge.js';
import { type FakeAnswer, startFakeAgent } from '../support/fake-agent.js';
import { run } from '../support/run.js';

interface Mesh {
  readonly edge: TestEdge;
  readonly address: string;
}

/** One of our own servers, over HTTP. */
async function mesh(): Promise<Mesh> {
  const edge = await testEdge();
  const server = createServer((request, response) => {
    void (async () => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      const body = Buffer.concat(chunks).toString();
      const answer = await edge.ask(`${request.method} ${request.url}`, {
        ...(body === '' ? {} : { body }),
        headers: { 'content-type': request.headers['content-type'] ?? 'text/plain' },
      });
      response.writeHead(answer.status).end(answer.text);
    })();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(async () => {
    server.closeAllConnections();
    server.close();
    await edge.close();
  });
  return { edge, address: `127.0.0.1:${(server.address() as AddressInfo).port}` };
}

const importFrom = (from: string, to: string, ...more: readonly string[]) =>
  run(['import', 'consul', `-http-addr=${from}`, `-to=${to}`, ...more]);

async function put({ edge }: Mesh, path: string, body: unknown): Promise<void> {
  const { status, text } = await edge.ask(`PUT ${path}`, { body });
  if (status !== 200) throw new Error(`${path}: ${status} ${text}`);
}

/** A mesh with something of everything. */
async function filled(): Promise<Mesh> {
  const one = await mesh();
  await put(one, '/v1/kv/a/b?flags=18446744073709551615', 'hello');
  await put(one, '/v1/kv/empty', '');
  await put(one, '/v1/config', { Kind: 'proxy-defaults', Name: 'global', Config: { protocol: 'http' } });
  await put(one, '/v1/config', {
    Kind: 'service-resolver',
    Name: 'api',
    DefaultSubset: 'v1',
    Subsets: { v1: { Filter: 'Service.Meta.v == 1' } },
  });
  await put(one, '/v1/config', {
    Kind: 'service-splitter',
    Name: 'api',
    Splits: [{ Weight: 100, ServiceSubset: 'v1' }],
  });
  await put(one, '/v1/config', {
    Kind: 'service-intentions',
    Name: 'api',
    Sources: [{ Name: 'web', Action: 'allow' }],
  });
  await put(one, '/v1/catalog/register', {
    Node: 'external',
    Address: '10.1.2.3',
    NodeMeta: { rack: '7' },
    Service: { ID: 'db-1', Service: 'db', Tags: ['primary'], Port: 5432, Meta: { v: '1' } },
    Checks: [
      { CheckID: 'ping', Name: 'ping', Status: 'warning' },
      { CheckID: 'db', Name: 'db', Status: 'critical', ServiceID: 'db-1' },
    ],
  });
  await put(one, '/v1/catalog/register', {
    Node: 'agent-node',
    Address: '10.1.2.4',
    Service: { Service: 'web', Port: 80 },
    Check: { CheckID: 'serfHealth', Name: 'Serf Health Status', Status: 'passing' },
  });
  const query = { Name: 'near-db', Service: { Service: 'db', OnlyPassing: true } };
  await one.edge.ask('POST /v1/query', { body: query });
  return one;
}

const without = (value: unknown): unknown =>
  JSON.parse(
    JSON.stringify(value, (name, part: unknown) =>
      ['CreateIndex', 'ModifyIndex', 'Index', 'Hash'].includes(name) ? undefined : part,
    ),
  );

describe('import consul', () => {
  test('takes keys, entries, external services and queries over, and leaves all as it is when it is run again', async () => {
    const [one, two] = [await filled(), await mesh()];
    const dry = await importFrom(one.address, two.address, '-dry-run');
    expect([dry.code, dry.err]).toEqual([0, '']);
    expect(dry.out).toContain('Keys: 2 would be written');
    expect((await two.edge.ask('GET /v1/kv/?recurse')).status).toBe(404);

    const first = await importFrom(one.address, two.address);
    expect(first).toMatchObject({ code: 0, err: '' });
    expect(first.out.split('\n').slice(0, 5)).toEqual([
      'Keys: 2 written, 0 as they were',
      'Config entries: 4 written, 0 as they were',
      'Nodes: 1 written, 1 as they were',
      'Services: 1 written, 0 as they were',
      'Prepared queries: 1 written, 0 as they were',
    ]);
    expect(first.out).toContain('Not taken: 1 nodes that have an agent');
    const same = [
      '/v1/kv/?recurse',
      '/v1/config/service-resolver',
      '/v1/config/service-splitter',
      '/v1/config/service-intentions',
      '/v1/health/node/external',
      '/v1/catalog/node-services/external',
    ];
    for (const path of same)
      expect(without(await two.edge.get(`GET ${path}`))).toEqual(without(await one.edge.get(`GET ${path}`)));
    expect(await two.edge.get('GET /v1/catalog/service/web')).toEqual([]);

    const { index } = two.edge.deps.store;
    const again = await importFrom(one.address, two.address);
    expect(again.out.split('\n').slice(0, 5)).toEqual([
      'Keys: 0 written, 2 as they were',
      'Config entries: 0 written, 4 as they were',
      'Nodes: 0 written, 2 as they were',
      'Services: 0 written, 1 as they were',
      'Prepared queries: 0 written, 1 as they were',
    ]);
    expect(two.edge.deps.store.index).toBe(index);
  });

  test('takes nodes that have an agent when it is asked to, without the agent’s own check', async () => {
    const [one, two] = [await filled(), await mesh()];
    const { out } = await importFrom(one.address, two.address, '-agents');
    expect(out).toContain('Services: 2 written');
    expect(await two.edge.get('GET /v1/health/node/agent-node')).toEqual([]);
    expect(await two.edge.get('GET /v1/catalog/service/web')).toMatchObject([{ Node: 'agent-node' }]);
  });

  test('goes on after what is refused, says why, and lists what a Consul has that is not taken', async () => {
    const answers: Readonly<Record<string, FakeAnswer>> = {
      '/v1/kv/': {
        body: '[{"LockIndex":1,"Key":"held","Flags":9007199254740993,"Value":null,"Session":"4f1d0f6a-0000-4000-8000-000000000000","CreateIndex":7,"ModifyIndex":7}]',
      },
      '/v1/config/service-defaults': {
        body: [
          {
            Kind: 'service-defaults',
            Name: 'api',
            Protocol: 'carrier-pigeon',
            Namespace: 'default',
            Partition: 'default',
          },
          {
            Kind: 'service-defaults',
            Name: 'web',
            Protocol: 'http',
            Namespace: 'default',
            Partition: 'default',
            CreateIndex: 1,
          },
        ],
      },
      '/v1/config/sameness-group': { status: 400, body: 'invalid config entry kind: sameness-group' },
      '/v1/catalog/nodes': { status: 403, body: 'Permission denied: token lacks permission' },
      '/v1/acl/policies': { body: [{ Name: 'a' }, { Name: 'b' }] },
      '/v1/acl/tokens': { status: 401, body: 'ACL support disabled' },
      '/v1/connect/ca/roots': { body: { TrustDomain: 'x.consul', Roots: [{}] } },
    };
    const consul = await startFakeAgent(({ path }) => answers[path]);
    onTestFinished(() => consul.close());
    const two = await mesh();
    const { code, out } = await importFrom(consul.address, two.address);
    expect(code).toBe(2);
    expect(out).toContain('Keys: 1 written, 0 as they were');
    expect(out).toContain('Config entries: 1 written, 0 as they were, 1 refused');
    expect(out).toMatch(/Refused: Config entries, service-defaults\/api: .*carrier-pigeon/i);
    expect(out).toContain('Not taken: locks of 1 keys');
    expect(out).toMatch(/Not taken: what \/v1\/catalog\/nodes would show: .*Permission denied/);
    expect(out).toContain('Not taken: 2 ACL policies');
    expect(out).toMatch(
      /^Not taken: 1 CA roots of the trust domain x\.consul: .*connect\.ca_config\.cluster_id = "x"$/m,
    );
    expect(out).not.toMatch(/sameness-group|ACL tokens/);
    const [held] = (await two.edge.get('GET /v1/kv/held')) as { Flags: number; Value: string | null }[];
    expect((await two.edge.ask('GET /v1/kv/held')).text).toContain('"Flags":9007199254740993');
    expect(held?.Value).toBeNull();
    expect(consul.seen.every(({ method }) => method === 'GET')).toBe(true);
  });

  test('asks for an address to write to, and says which of the two is not reached', async () => {
    const two = await mesh();
    expect(await run(['import', 'consul'])).toMatchObject({
      code: 1,
      err: expect.stringContaining('Missing -to') as string,
    });
    const { code, err } = await importFrom('127.0.0.1:1', two.address);
    expect([code, err]).toEqual([1, expect.stringContaining('cannot reach the agent at') as string]);
  });

  test('says that identities stay where the trust domain is the same', async () => {
    const body = { TrustDomain: 'x.consul', Roots: [{}, {}] };
    const agent = await startFakeAgent(({ path }) => (path === '/v1/connect/ca/roots' ? { body } : undefined));
    onTestFinished(() => agent.close());
    const { code, out } = await importFrom(agent.address, agent.address);
    expect([code, out]).toEqual([
      0,
      expect.stringContaining('the trust domain x.consul is the same here, so that identities stay\n'),
    ]);
  });
});
