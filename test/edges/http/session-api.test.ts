import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type TestEdge, testEdge } from './support/test-edge.js';

let edge: TestEdge;
beforeEach(async () => {
  edge = await testEdge();
  await edge.ask('PUT /v1/catalog/register', {
    body: { Node: 'n1', Address: '127.0.0.1', Check: { CheckID: 'serfHealth', Name: 'alive', Status: 'passing' } },
  });
});
afterEach(() => edge.close());

async function create(body?: unknown): Promise<string> {
  const answer = await edge.ask('PUT /v1/session/create', body === undefined ? {} : { body });
  return (answer.json as { ID: string }).ID;
}
const lockDelayOf = async (given: unknown) => {
  const id = await create({ LockDelay: given });
  return ((await edge.get(`GET /v1/session/info/${id}`)) as { LockDelay: number }[])[0]?.LockDelay;
};

describe('a session', () => {
  test('has defaults when nothing is said', async () => {
    const id = await create();
    expect(await edge.get(`GET /v1/session/info/${id}`)).toMatchObject([
      {
        ID: id,
        Name: '',
        Node: 'n1',
        LockDelay: 15_000_000_000,
        Behavior: 'release',
        TTL: '',
        NodeChecks: ['serfHealth'],
        ServiceChecks: null,
      },
    ]);
  });

  test.each([
    ['1s', 1e9],
    [5, 5e9],
    [0, 0],
    [1.5, 1.5e9],
    [7_000_000_000, 7e9],
    ['2m', 60e9],
    [null, 15e9],
  ])('takes the lock-delay %j', async (given, expected) => {
    expect(await lockDelayOf(given)).toBe(expected);
  });

  test.each<[unknown, RegExp]>([
    [{ LockDelay: '15' }, /missing unit/],
    [{ LockDelay: -1 }, /must not be negative/],
    [{ LockDelay: [] }, /LockDelay/],
    [{ TTL: '1s' }, /Invalid Session TTL '1s', must be between \[10s=24h0m0s\]/],
    [{ TTL: 'soon' }, /Session TTL 'soon' invalid/],
    [{ Behavior: 'keep' }, /"release", "delete"/],
    [{ Node: 'nowhere' }, /Missing node registration/],
    [{ Checks: ['nope'] }, /Missing check 'nope' registration/],
    [{ NodeChecks: [7, {}] }, /NodeChecks\[1\]/],
    [{ Surprise: 1 }, /unknown field "Surprise"/],
    ['{"Name":', /Request decode failed/],
    [' ', /Request decode failed: EOF/],
    ['[]', /must be an object/],
    ['\u0000', /Request decode failed/],
  ])('refuses %j', async (body, expected) => {
    const answer = await edge.ask('PUT /v1/session/create', { body });
    expect([answer.status, answer.text]).toEqual([400, expect.stringMatching(expected)]);
    expect(await edge.get('GET /v1/session/list')).toEqual([]);
  });

  test('that is unknown is not renewed, and may be destroyed', async () => {
    expect((await edge.ask('PUT /v1/session/renew/nope')).status).toBe(404);
    expect((await edge.ask('PUT /v1/session/destroy/nope')).json).toBe(true);
    expect(await edge.get('GET /v1/session/info/nope')).toEqual([]);
    for (const line of [
      'PUT /v1/session/renew/',
      'PUT /v1/session/destroy/',
      'GET /v1/session/info/',
      'GET /v1/session/node/',
    ])
      expect([line, (await edge.ask(line)).status]).toEqual([line, 400]);
  });

  test('is found by its node in any case', async () => {
    const id = await create();
    expect(await edge.get('GET /v1/session/node/N1')).toMatchObject([{ ID: id }]);
    expect(await edge.get('GET /v1/session/node/other')).toEqual([]);
  });

  test('that ends wakes who waits for lists and for the key it held', async () => {
    const id = await create({ LockDelay: '0s' });
    await edge.ask(`PUT /v1/kv/a?acquire=${id}`, { body: 'x' });
    const index = (await edge.ask('GET /v1/kv/a')).headers['x-consul-index'];
    const waiting = ['kv/a', 'kv/?recurse', 'session/list', 'session/node/n1', `session/info/${id}`].map((path) =>
      edge.ask(`GET /v1/${path}${path.includes('?') ? '&' : '?'}index=${index}&wait=60s`),
    );
    await edge.ask(`PUT /v1/session/destroy/${id}`);
    const answers = await Promise.all(waiting);
    for (const answer of answers) expect(Number(answer.headers['x-consul-index'])).toBeGreaterThan(Number(index));
    expect(answers[0]?.json).toMatchObject([{ Key: 'a', LockIndex: 1 }]);
    expect(answers[0]?.text).not.toContain('Session');
    expect(answers[2]?.json).toEqual([]);
  });
});

describe('a lock over HTTP', () => {
  test('is taken, seen, refused to others and given back', async () => {
    const [mine, other] = [await create({ LockDelay: 0 }), await create()];
    expect((await edge.ask(`PUT /v1/kv/l?acquire=${mine}&flags=7`, { body: 'me' })).json).toBe(true);
    expect(await edge.get('GET /v1/kv/l')).toMatchObject([{ LockIndex: 1, Session: mine, Flags: 7 }]);
    expect((await edge.ask(`PUT /v1/kv/l?acquire=${other}`, { body: 'you' })).json).toBe(false);
    expect((await edge.ask(`PUT /v1/kv/l?release=${other}`)).json).toBe(false);
    expect((await edge.ask('PUT /v1/kv/l', { body: 'anyone' })).json).toBe(true);
    expect(await edge.get('GET /v1/kv/l')).toMatchObject([{ LockIndex: 1, Session: mine, Value: 'YW55b25l' }]);
    expect((await edge.ask(`PUT /v1/kv/l?release=${mine}`, { body: 'bye' })).json).toBe(true);
    const [entry] = (await edge.get('GET /v1/kv/l')) as Record<string, unknown>[];
    expect(entry).toMatchObject({ LockIndex: 1, Value: 'Ynll' });
    expect(entry).not.toHaveProperty('Session');
  });

  test.each(['nope', '', '00000000-0000-0000-0000-000000000000'])('needs a session: %j is none', async (session) => {
    const answer = await edge.ask(`PUT /v1/kv/l?acquire=${session}`, { body: 'x' });
    expect([answer.status, answer.text]).toEqual([400, `invalid session "${session}"`]);
    expect((await edge.ask('GET /v1/kv/l')).status).toBe(404);
  });
});

describe('a prepared query', () => {
  test('lives as long as its session', async () => {
    const id = await create();
    const made = await edge.ask('POST /v1/query', { body: { Session: id, Service: { Service: 'web' } } });
    const query = (made.json as { ID: string }).ID;
    expect((await edge.ask(`GET /v1/query/${query}`)).status).toBe(200);
    await edge.ask(`PUT /v1/session/destroy/${id}`);
    expect((await edge.ask(`GET /v1/query/${query}`)).status).toBe(404);
  });
});
