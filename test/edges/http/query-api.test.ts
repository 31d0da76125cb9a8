import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type TestEdge, testEdge } from './support/test-edge.js';

let edge: TestEdge;
beforeEach(async () => {
  edge = await testEdge();
});
afterEach(() => edge.close());

const create = async (body: Record<string, unknown>) => {
  const answer = await edge.ask('POST /v1/query', { body });
  expect(answer.text).toMatch(/^\{"ID"/);
  return (answer.json as { ID: string }).ID;
};
const register = (node: string, more: Record<string, unknown> = {}) =>
  edge.ask('PUT /v1/catalog/register', {
    body: { Node: node, Address: '10.0.0.1', Service: { ID: 'web', Service: 'web', Port: 80, ...more } },
  });
const nodesOf = (json: unknown) => (json as { Nodes: { Node: { Node: string } }[] }).Nodes.map((row) => row.Node.Node);

describe('prepared queries', () => {
  test('are created, read, listed, changed and deleted', async () => {
    expect(await edge.get('GET /v1/query')).toEqual([]);
    const id = await create({ Name: 'q1', Service: { Service: 'web' } });
    expect(await edge.get(`GET /v1/query/${id}`)).toMatchObject([{ ID: id, Name: 'q1', Service: { Tags: null } }]);
    const changed = await edge.ask(`PUT /v1/query/${id}`, { body: { Name: 'q2', Service: { Service: 'db' } } });
    expect([changed.status, changed.text]).toEqual([200, '']);
    expect(await edge.get('GET /v1/query')).toMatchObject([{ ID: id, Name: 'q2', Service: { Service: 'db' } }]);
    expect((await edge.ask(`DELETE /v1/query/${id}`)).status).toBe(200);
    const gone = await edge.ask(`GET /v1/query/${id}`);
    expect([gone.status, gone.text, gone.headers['x-consul-index']]).toEqual([404, 'Query not found', '1']);
    expect((await edge.ask(`DELETE /v1/query/${id}`)).status).toBe(404);
  });

  test('take back what they showed', async () => {
    const id = await create({ Name: 'q', Service: { Service: 'web', Tags: ['a'] } });
    const [shown] = (await edge.get(`GET /v1/query/${id}`)) as [Record<string, unknown>];
    expect((await edge.ask(`PUT /v1/query/${id}`, { body: shown })).status).toBe(200);
    expect(await edge.get(`GET /v1/query/${id}`)).toEqual([shown]);
  });

  test.each([
    [{ ID: 'mine', Name: 'a', Service: { Service: 'web' } }, /ID must be empty/],
    [{ Name: 'a', Service: { Service: 'web' }, Session: 's' }, /invalid session "s"/],
    [{ Name: 'a', Service: { Service: 'web', Nope: 1 } }, /unknown field "Service.Nope"/],
    [{ Name: 'TAKEN', Service: { Service: 'web' } }, /name 'TAKEN' aliases an existing query name/],
  ])('refuse %j and store nothing', async (body, pattern) => {
    await create({ Name: 'taken', Service: { Service: 'web' } });
    const answer = await edge.ask('POST /v1/query', { body });
    expect([answer.status, pattern.test(answer.text)]).toEqual([400, true]);
    expect(await edge.get('GET /v1/query')).toHaveLength(1);
  });

  test('refuse a second template of one prefix, and a name that is the id of another query', async () => {
    const template = { Name: 't-', Template: { Type: 'name_prefix_match' }, Service: { Service: '${name.suffix}' } };
    await create(template);
    expect((await edge.ask('POST /v1/query', { body: template })).text).toContain('existing query template name');
    const id = await create({ Name: 't-', Service: { Service: 'web' } });
    const answer = await edge.ask('POST /v1/query', { body: { Name: id, Service: { Service: 'web' } } });
    expect(answer.text).toContain('aliases an existing query ID');
  });

  test('wake who waits for them', async () => {
    const id = await create({ Name: 'q', Service: { Service: 'web' } });
    const first = await edge.ask(`GET /v1/query/${id}`);
    const waiting = edge.ask(`GET /v1/query/${id}?index=${first.headers['x-consul-index']}&wait=20s`);
    await edge.ask(`PUT /v1/query/${id}`, { body: { Name: 'new', Service: { Service: 'web' } } });
    expect((await waiting).json).toMatchObject([{ Name: 'new' }]);
  });
});

describe('carrying a prepared query out', () => {
  test('answers its instances, nearest first, up to the limit', async () => {
    for (const node of ['a', 'b', 'n1']) await register(node);
    await create({ Name: 'q', Service: { Service: 'web', Near: '_agent' }, DNS: { TTL: '10s' } });
    const answer = await edge.get('GET /v1/query/q/execute');
    expect(answer).toMatchObject({ Service: 'web', Datacenter: 'dc1', Failovers: 0, DNS: { TTL: '10s' } });
    expect(nodesOf(answer).toSorted()).toEqual(['a', 'b', 'n1']);
    expect(nodesOf(answer)[0]).toBe('n1');
    expect(nodesOf(await edge.get('GET /v1/query/q/execute?near=b&limit=1'))).toEqual(['b']);
  });

  test('answers mesh endpoints with ?connect', async () => {
    await register('a');
    await register('b', { Connect: { Native: true } });
    await create({ Name: 'q', Service: { Service: 'web' } });
    expect(nodesOf(await edge.get('GET /v1/query/q/execute?connect=true'))).toEqual(['b']);
  });

  test('fills a template in, and explains it', async () => {
    await register('a');
    await create({
      Name: 'geo-',
      Template: { Type: 'name_prefix_match' },
      Service: { Service: '${name.suffix}' },
    });
    expect(nodesOf(await edge.get('GET /v1/query/geo-web/execute'))).toEqual(['a']);
    expect(await edge.get('GET /v1/query/geo-db/explain')).toMatchObject({
      Query: { Name: 'geo-', Service: { Service: 'db' } },
    });
  });

  test.each([
    ['GET /v1/query/nope/execute', 404, 'Query not found'],
    ['GET /v1/query/nope/explain', 404, 'Query not found'],
    ['GET /v1/query/q/execute?limit=x', 400, 'Bad limit'],
    ['GET /v1/query/q', 400, 'UUID must be 36 characters'],
    ['PUT /v1/query/q/execute', 405, 'method PUT not allowed'],
    ['DELETE /v1/query/q/explain', 405, 'method DELETE not allowed'],
  ])('%s: %d', async (line, status, text) => {
    await create({ Name: 'q', Service: { Service: 'web' } });
    const answer = await edge.ask(line, line.startsWith('PUT') ? { body: {} } : {});
    expect([answer.status, answer.text.includes(text)]).toEqual([status, true]);
    if (status === 405) expect(answer.headers['allow']).toBe('GET');
  });
});
