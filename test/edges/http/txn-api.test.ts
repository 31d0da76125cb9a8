import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type TestEdge, testEdge } from './support/test-edge.js';

let edge: TestEdge;
beforeEach(async () => {
  edge = await testEdge();
});
afterEach(() => edge.close());

const base64 = (text: string) => Buffer.from(text).toString('base64');
const kv = (Verb: string, Key: string, given: Record<string, unknown> = {}) => ({ KV: { Verb, Key, ...given } });
const set = (key: string, value: string) => kv('set', key, { Value: base64(value) });
const txn = (body: unknown, query = '') => edge.ask(`PUT /v1/txn${query}`, { body });
const whats = async (body: unknown) => {
  const answer = await txn(body);
  expect(answer.status).toBe(409);
  expect(answer.json).toMatchObject({ Results: null });
  return (answer.json as { Errors: { OpIndex: number; What: string }[] }).Errors;
};
const value = async (key: string) => (await edge.ask(`GET /v1/kv/${key}?raw`)).text;
const indexOf = async (key: string) =>
  ((await edge.get(`GET /v1/kv/${key}`)) as { ModifyIndex: number }[])[0]?.ModifyIndex;
const session = async () =>
  ((await edge.ask('PUT /v1/session/create', { body: { LockDelay: 0, NodeChecks: [] } })).json as { ID: string }).ID;

describe('a transaction', () => {
  test('writes everything at one index, and each operation sees those before it', async () => {
    const answer = await txn([
      set('a', '1'),
      set('b', '2'),
      kv('get', 'a'),
      kv('get-tree', 'b'),
      kv('get-or-empty', 'c'),
    ]);
    const { Results } = answer.json as { Results: { KV: Record<string, unknown> }[] };
    expect(Results.map(({ KV }) => [KV['Key'], KV['Value']])).toEqual([
      ['a', null],
      ['b', null],
      ['a', base64('1')],
      ['b', base64('2')],
      ['c', null],
    ]);
    expect(new Set(Results.slice(0, 4).map(({ KV }) => KV['ModifyIndex'])).size).toBe(1);
    expect(Results[0]?.KV['ModifyIndex']).toBe(await indexOf('a'));
    expect(answer.json).not.toHaveProperty('Index');
  });

  test('that fails writes nothing and names every failure', async () => {
    expect(
      await whats([kv('get', 'no'), set('a', '1'), kv('cas', 'b', { Index: 7 }), kv('check-not-exists', 'a')]),
    ).toEqual([
      { OpIndex: 0, What: 'key "no" doesn\'t exist' },
      { OpIndex: 2, What: 'failed to set key "b", index is stale' },
      { OpIndex: 3, What: 'key "a" exists' },
    ]);
    expect((await edge.ask('GET /v1/kv/a')).status).toBe(404);
  });

  test('of reads alone says how it was read, and takes a consistency mode', async () => {
    await txn([set('a', '1')]);
    const answer = await txn([kv('get', 'a')], '?consistent');
    expect(answer.json).toMatchObject({ Errors: null, Index: 1, KnownLeader: true, ConsistencyLevel: 'consistent' });
    expect((await txn([], '')).json).toMatchObject({ Results: [], Errors: null });
    expect((await txn([kv('get', 'a')], '?stale&consistent')).status).toBe(400);
  });

  test('checks indexes and sessions', async () => {
    await txn([set('a', '1')]);
    const index = await indexOf('a');
    const [mine, other] = [await session(), await session()];
    expect(
      (await txn([kv('check-index', 'a', { Index: index }), kv('cas', 'a', { Index: index, Value: base64('2') })]))
        .status,
    ).toBe(200);
    expect((await whats([kv('check-index', 'a', { Index: index })]))[0]?.What).toContain(`not ${index}`);
    expect((await txn([kv('lock', 'a', { Session: mine }), kv('check-session', 'a', { Session: mine })])).status).toBe(
      200,
    );
    expect(
      await whats([
        kv('lock', 'a', { Session: other }),
        kv('unlock', 'a', { Session: other }),
        kv('check-session', 'a', { Session: other }),
      ]),
    ).toMatchObject([
      { What: expect.stringContaining('lock is already held') },
      { What: expect.stringContaining('is held by another session') },
      { What: expect.stringContaining('is not locked by session') },
    ]);
    expect((await whats([kv('lock', 'a', { Session: 'nobody' })]))[0]?.What).toBe('invalid session "nobody"');
    expect((await txn([kv('unlock', 'a', { Session: mine, Value: base64('3') })])).status).toBe(200);
    expect(await value('a')).toBe('3');
  });

  test('deletes: a key, on a condition, and a tree', async () => {
    await txn([set('a', '1'), set('t/x', '1'), set('t/y', '1')]);
    expect((await whats([kv('delete-cas', 'a', { Index: 1 })]))[0]?.What).toBe(
      'failed to delete key "a", index is stale',
    );
    const done = await txn([
      kv('delete-cas', 'a', { Index: await indexOf('a') }),
      kv('delete-tree', 't/'),
      kv('delete', 'none'),
    ]);
    expect(done.json).toEqual({ Results: [], Errors: null });
    expect(await edge.get('GET /v1/kv/?keys')).toEqual([]);
  });

  test('gives a key that it deletes and writes anew a new beginning, which later writes keep', async () => {
    await edge.ask('PUT /v1/kv/again', { body: 'x' });
    const index = async (): Promise<readonly number[]> => {
      const [entry] = (await edge.get('GET /v1/kv/again')) as { CreateIndex: number; ModifyIndex: number }[];
      return [entry?.CreateIndex ?? 0, entry?.ModifyIndex ?? 0];
    };
    const [first = 0] = await index();
    const set = { KV: { Verb: 'set', Key: 'again', Value: 'eA==' } };
    await edge.ask('PUT /v1/txn', { body: [{ KV: { Verb: 'delete', Key: 'again' } }, set] });
    const [born = 0, modified] = await index();
    expect(born).toBeGreaterThan(first);
    expect(modified).toBe(born);
    await edge.ask('PUT /v1/kv/again', { body: 'y' });
    const [kept, later = 0] = await index();
    expect(kept).toBe(born);
    expect(later).toBeGreaterThan(born);
  });

  test('keeps 64-bit numbers exactly', async () => {
    const body =
      '[{"KV":{"Verb":"set","Key":"a","Flags":18446744073709551615,"Value":"MTIzNDU2Nzg5MDEyMzQ1Njc4OTA="}}]';
    expect((await txn(body)).text).toContain('"Flags":18446744073709551615');
    expect((await whats('[{"KV":{"Verb":"cas","Key":"a","Index":18446744073709551615}}]'))[0]?.What).toContain('stale');
  });

  test('registers, changes and removes nodes, services and checks', async () => {
    const node = { Node: 'x1', Address: '10.0.0.1' };
    const made = await txn([
      { Node: { Verb: 'set', Node: node } },
      { Service: { Verb: 'set', Node: 'x1', Service: { Service: 'web', Port: 80 } } },
      { Check: { Verb: 'set', Check: { Node: 'x1', CheckID: 'up', Name: 'up', ServiceID: 'web', Status: 'passing' } } },
      { Check: { Verb: 'get', Check: { Node: 'x1', CheckID: 'up' } } },
      { Node: { Verb: 'get', Node: { Node: 'X1' } } },
    ]);
    const { Results } = made.json as { Results: Record<string, Record<string, unknown>>[] };
    expect(Results.map((result) => Object.keys(result)[0])).toEqual(['Node', 'Service', 'Check', 'Check', 'Node']);
    expect(Results[3]?.['Check']).toMatchObject({ Status: 'passing', ServiceName: 'web' });
    const index = Results[1]?.['Service']?.['ModifyIndex'];
    const service = (Verb: string, ModifyIndex: unknown, Port = 81) => ({
      Service: { Verb, Node: 'x1', Service: { Service: 'web', Port, ModifyIndex } },
    });
    expect((await txn([service('cas', index)])).status).toBe(200);
    expect((await whats([service('cas', index), service('delete-cas', index)])).map(({ What }) => What)).toEqual([
      'failed to set service "web" on node "x1", index is stale',
      'failed to delete service "web" on node "x1", index is stale',
    ]);
    expect((await txn([service('delete', 0), { Node: { Verb: 'delete', Node: { Node: 'x1' } } }])).json).toEqual({
      Results: [],
      Errors: null,
    });
    expect(await edge.get('GET /v1/health/node/x1')).toEqual([]);
    expect(
      await whats([
        { Node: { Verb: 'get', Node: { Node: 'x1' } } },
        service('set', 0),
        { Check: { Verb: 'set', Check: { Node: 'x1', Name: 'c' } } },
      ]),
    ).toMatchObject([
      { What: 'node "x1" doesn\'t exist' },
      { What: expect.stringContaining('node "x1" doesn\'t exist') },
      { What: expect.stringContaining('node "x1" doesn\'t exist') },
    ]);
  });

  test('creates on index 0 only what is not there', async () => {
    const op = { Node: { Verb: 'cas', Node: { Node: 'x2', Address: '10.0.0.2', ModifyIndex: 0 } } };
    expect((await txn([op])).status).toBe(200);
    expect((await whats([op]))[0]?.What).toBe('failed to set node "x2", index is stale');
  });

  test('ends the sessions that depend on a check it makes critical, with their locks', async () => {
    const check = (Status: string) => ({
      Check: { Verb: 'set', Check: { Node: 'x1', CheckID: 'up', Name: 'up', Status } },
    });
    await txn([{ Node: { Verb: 'set', Node: { Node: 'x1', Address: '10.0.0.1' } } }, check('passing')]);
    const made = await edge.ask('PUT /v1/session/create', { body: { Node: 'x1', NodeChecks: ['up'], LockDelay: 0 } });
    const id = (made.json as { ID: string }).ID;
    await edge.ask(`PUT /v1/kv/l?acquire=${id}`, { body: 'x' });
    const answer = await txn([check('critical'), kv('get', 'l')]);
    expect((answer.json as { Results: { KV: object }[] }).Results[1]?.KV).not.toHaveProperty('Session');
    expect(await edge.get(`GET /v1/session/info/${id}`)).toEqual([]);
  });
});

describe('a transaction is refused', () => {
  test.each<[string, unknown, number, RegExp]>([
    ['without a body', '', 400, /EOF/],
    ['for what is not JSON', '[{', 400, /Failed to parse body: invalid JSON/],
    ['for an object', {}, 400, /must be a list/],
    ['for a text', '"x"', 400, /must be a list/],
    ['for an operation of no family', [{}], 400, /operation 0 must have exactly one/],
    ['for an operation of two', [{ ...set('a', '1'), Node: { Verb: 'get', Node: {} } }], 400, /exactly one/],
    ['for a family that is not known', [{ Session: { Verb: 'delete' } }], 400, /"\[0\]\.Session" is not a known field/],
    ['for a value that is not base64', [kv('set', 'a', { Value: 'no!' })], 400, /KV\.Value" must be base64/],
    ['for negative flags', [kv('set', 'a', { Flags: -1 })], 400, /KV\.Flags" must be a whole number/],
    ['for flags with a fraction', [kv('set', 'a', { Flags: 1.5 })], 400, /KV\.Flags/],
    ['for flags above 2^64', '[{"KV":{"Verb":"set","Key":"a","Flags":18446744073709551616}}]', 400, /KV\.Flags/],
    ['for an index that is none', [kv('cas', 'a', { Index: 'x' })], 400, /KV\.Index/],
    ['for an unknown field', [kv('set', 'a', { Surprise: 1 })], 400, /Surprise/],
    ['for a key with NUL', [kv('set', 'a\u0000b')], 409, /NUL/],
    ['for a key that is half a character', '[{"KV":{"Verb":"set","Key":"\\ud800"}}]', 200, /./],
    ['for a huge key', [kv('set', 'k'.repeat(20_000))], 409, /too long/],
    ['for no key', [kv('set', '')], 409, /Must provide key/],
    ['for an unknown verb', [kv('constructor', 'a')], 409, /unknown KV verb \\"constructor\\"/],
    ['for an unknown verb of a node', [{ Node: { Verb: 'nope', Node: { Node: 'a' } } }], 409, /unknown verb/],
    ['for a node without a name', [{ Node: { Verb: 'set', Node: { Address: '10.0.0.1' } } }], 409, /Must provide node/],
    [
      'for too many operations',
      Array.from({ length: 129 }, () => kv('get', 'a')),
      413,
      /too many operations \(129 > 128\)/,
    ],
  ])('%s', async (_what, body, status, expected) => {
    const answer = await txn(body);
    expect([answer.status, answer.text]).toEqual([status, expect.stringMatching(expected)]);
  });

  test('above the limits of its body and of values', async () => {
    await edge.close();
    edge = await testEdge({ config: { txnMaxReqLen: 200, kvMaxValueSize: 20 } });
    expect((await txn([set('a', 'x'.repeat(20))])).status).toBe(200);
    expect([(await txn([set('a', 'x'.repeat(21))])).status, await value('a')]).toEqual([413, 'x'.repeat(20)]);
    const large = await txn([set('a', 'x'.repeat(150))]);
    expect([large.status, large.text]).toEqual([413, expect.stringContaining('txn_max_req_len')]);
  });
});
