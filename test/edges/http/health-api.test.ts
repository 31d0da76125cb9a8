import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type TestEdge, testEdge } from './support/test-edge.js';

let edge: TestEdge;
const register = (node: string, id: string, status: string, service = 'web') =>
  edge.ask('PUT /v1/catalog/register', {
    body: {
      Node: node,
      Address: '10.0.0.1',
      NodeMeta: { zone: node },
      Service: { ID: id, Service: service, Port: 80, Tags: [id] },
      Checks: [{ CheckID: `c-${id}`, Name: 'up', ServiceID: id, Status: status }],
    },
  });

beforeEach(async () => {
  edge = await testEdge();
  await register('a', 'w1', 'passing');
  await register('b', 'w2', 'warning');
  await register('c', 'w3', 'critical');
});
afterEach(() => edge.close());

const ids = async (path: string): Promise<string[]> =>
  ((await edge.get(`GET ${path}`)) as { Service: { ID: string } }[]).map(({ Service }) => Service.ID);

describe('instances with their checks', () => {
  test.each([
    ['', ['w1', 'w2', 'w3']],
    ['?passing', ['w1']],
    ['?passing=1', ['w1']],
    ['?passing=false', ['w1', 'w2', 'w3']],
    ['?tag=w2', ['w2']],
    ['?node-meta=zone:c', ['w3']],
    ['?filter=Checks.Status%20%3D%3D%20warning', ['w2']],
    ['?filter=Service.Port%20%3D%3D%2080%20and%20Node.Meta.zone%20%3D%3D%20a', ['w1']],
    ['?passing&filter=Service.Port%20%3D%3D%2080', ['w1']],
    ['?filter=', ['w1', 'w2', 'w3']],
    ['?tag=w2&filter=Service.Port%20%3D%3D%2080', ['w2']],
  ])('of a service%s', async (query, expected) => {
    expect(await ids(`/v1/health/service/web${query}`)).toEqual(expected);
  });

  test('are filtered as they are now, however often that was asked before', async () => {
    const path = '/v1/health/service/web?filter=Checks.Status%20%3D%3D%20warning';
    expect([await ids(path), await ids(path), await ids(`${path}&passing`)]).toEqual([['w2'], ['w2'], []]);
    await register('c', 'w3', 'warning');
    expect([await ids(path), await ids(path)]).toEqual([
      ['w2', 'w3'],
      ['w2', 'w3'],
    ]);
  });

  test('count the checks of their node', async () => {
    await edge.ask('PUT /v1/catalog/register', {
      body: { Node: 'a', Address: '10.0.0.1', Check: { CheckID: 'disk', Name: 'disk', Status: 'critical' } },
    });
    expect(await ids('/v1/health/service/web?passing')).toEqual([]);
    const [first] = (await edge.get('GET /v1/health/service/web')) as { Checks: { CheckID: string }[] }[];
    expect(first?.Checks.map(({ CheckID }) => CheckID)).toEqual(['disk', 'c-w1']);
  });

  test('refuse a flag that is none, and a peer with a sameness group', async () => {
    expect((await edge.ask('GET /v1/health/service/web?passing=maybe')).text).toBe('Invalid value for ?passing');
    expect((await edge.ask('GET /v1/health/service/web?peer=a&sg=b')).text).toMatch(/mutually exclusive/);
    expect((await edge.ask('GET /v1/health/service/')).text).toBe('Missing service name');
  });

  test('say whether they are cached', async () => {
    const first = await edge.ask('GET /v1/health/service/web?cached');
    const second = await edge.ask('GET /v1/health/service/web?cached', { headers: { 'cache-control': 'max-age=0' } });
    expect([first.headers['x-cache'], second.headers['x-cache'], second.headers['age']]).toEqual(['MISS', 'HIT', '0']);
    expect(second.headers['x-consul-query-backend']).toBe('streaming');
    const bad = await edge.ask('GET /v1/health/service/web?cached', { headers: { 'cache-control': 'max-age=bogus' } });
    expect([bad.status, bad.text]).toEqual([400, 'Invalid Cache-Control header.']);
  });

  test('a cached answer is never old', async () => {
    await edge.ask('GET /v1/health/service/web?cached');
    await register('a', 'w1', 'critical');
    expect(await ids('/v1/health/service/web?cached&passing')).toEqual([]);
  });
});

describe('a waiting read', () => {
  test('wakes for a check of its service and not for another service', async () => {
    const { headers } = await edge.ask('GET /v1/health/service/web');
    let woken = false;
    const waiting = edge.ask(`GET /v1/health/service/web?index=${headers['x-consul-index']}&wait=1m`).then((answer) => {
      woken = true;
      return answer;
    });
    await register('d', 'x', 'passing', 'other');
    expect(woken).toBe(false);
    await register('c', 'w3', 'passing');
    expect((await waiting).text).not.toContain('"critical"');
  });
});

describe('checks', () => {
  const names = async (path: string): Promise<string[]> =>
    ((await edge.get(`GET ${path}`)) as { CheckID: string }[]).map(({ CheckID }) => CheckID);

  test('by node, by service and by state', async () => {
    expect(await names('/v1/health/node/b')).toEqual(['c-w2']);
    expect(await names('/v1/health/checks/web')).toEqual(['c-w1', 'c-w2', 'c-w3']);
    expect(await names('/v1/health/state/critical')).toEqual(['c-w3']);
    expect(await names('/v1/health/state/any?node-meta=zone:a')).toEqual(['c-w1']);
    expect((await edge.ask('GET /v1/health/state/odd')).status).toBe(400);
  });

  test('carry the name and the tags of their service', async () => {
    expect(await edge.get('GET /v1/health/node/a')).toMatchObject([
      { ServiceID: 'w1', ServiceName: 'web', ServiceTags: ['w1'], Definition: {}, ExposedPort: 0 },
    ]);
  });
});
