import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type TestEdge, testEdge } from './support/test-edge.js';

let edge: TestEdge;
beforeEach(async () => {
  edge = await testEdge();
});
afterEach(() => edge.close());

const put = (key: string, body: string) => edge.ask(`PUT /v1/kv/${key}`, { body });

describe('a key', () => {
  test('comes back with its value, flags and indexes', async () => {
    expect((await put('a?flags=42', 'one')).json).toBe(true);
    const answer = await edge.ask('GET /v1/kv/a');
    const [entry] = answer.json as Record<string, unknown>[];
    expect(entry).toMatchObject({ LockIndex: 0, Key: 'a', Flags: 42, Value: 'b25l' });
    expect(entry?.['CreateIndex']).toBe(entry?.['ModifyIndex']);
    expect(answer.headers['x-consul-index']).toBe(String(entry?.['ModifyIndex']));
  });

  test('has flags up to 2^64 - 1, written in full', async () => {
    await put('a?flags=18446744073709551615', 'x');
    expect((await edge.ask('GET /v1/kv/a')).text).toContain('"Flags":18446744073709551615');
  });

  test.each(['-1', 'abc', '', '18446744073709551616'])('refuses the flags %j', async (flags) => {
    expect((await put(`a?flags=${flags}`, 'x')).status).toBe(400);
    expect((await edge.ask('GET /v1/kv/a')).status).toBe(404);
  });

  test('keeps any bytes', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'grapheme' }), async (value) => {
        await put('bytes', value);
        const answer = await edge.ask('GET /v1/kv/bytes?raw');
        expect(answer.text).toBe(value);
        expect(answer.headers['content-security-policy']).toBe('sandbox');
      }),
      { numRuns: 30 },
    );
  });

  test('is not raised by an equal write', async () => {
    await put('a', 'same');
    const before = (await edge.ask('GET /v1/kv/a')).headers['x-consul-index'];
    await put('a', 'same');
    expect((await edge.ask('GET /v1/kv/a')).headers['x-consul-index']).toBe(before);
  });

  test('is written only with the right index when one is given', async () => {
    expect((await put('c?cas=0', 'one')).json).toBe(true);
    expect((await put('c?cas=0', 'two')).json).toBe(false);
    const [entry] = (await edge.get('GET /v1/kv/c')) as { ModifyIndex: number }[];
    expect((await put(`c?cas=${entry?.ModifyIndex}`, 'three')).json).toBe(true);
    expect((await edge.ask(`DELETE /v1/kv/c?cas=${entry?.ModifyIndex}`)).json).toBe(false);
    expect((await edge.ask('GET /v1/kv/c?raw')).text).toBe('three');
  });

  test('cannot be locked while there are no sessions, and says so', async () => {
    const answer = await put('a?acquire=s', 'x');
    expect([answer.status, /invalid session "s"/.test(answer.text)]).toEqual([400, true]);
    expect((await put('a?release=s', 'x')).json).toBe(false);
    expect((await edge.ask('GET /v1/kv/a')).status).toBe(404);
  });

  test.each(['PUT a?cas=0&acquire=x', 'PUT a?acquire=x&release=y', 'DELETE a?recurse&cas=1'])(
    'refuses parameters that exclude each other: %s',
    async (line) => {
      const [method, target] = line.split(' ');
      const answer = await edge.ask(`${method} /v1/kv/${target}`, method === 'PUT' ? { body: 'x' } : {});
      expect([answer.status, answer.text.startsWith('Conflicting flags: ')]).toEqual([400, true]);
    },
  );

  test('has a limit that names the option', async () => {
    await edge.close();
    edge = await testEdge({ config: { kvMaxValueSize: 10 } });
    expect((await put('a', '0123456789')).json).toBe(true);
    const answer = await put('a', '0123456789+');
    expect([answer.status, /kv_max_value_size/.test(answer.text)]).toEqual([413, true]);
    expect((await edge.ask('GET /v1/kv/a?raw')).text).toBe('0123456789');
  });
});

describe('a prefix', () => {
  beforeEach(async () => {
    for (const key of ['app/a', 'app/b', 'app/b/c', 'app2/z', 'app']) await put(key, '1');
  });

  test('lists entries in the order of their bytes', async () => {
    const keys = async (line: string) => ((await edge.get(line)) as { Key: string }[]).map(({ Key }) => Key);
    expect(await keys('GET /v1/kv/app?recurse')).toEqual(['app', 'app/a', 'app/b', 'app/b/c', 'app2/z']);
    expect(await keys('GET /v1/kv/app/?recurse')).toEqual(['app/a', 'app/b', 'app/b/c']);
  });

  test('lists names up to a separator', async () => {
    expect(await edge.get('GET /v1/kv/?keys&separator=/')).toEqual(['app', 'app/', 'app2/']);
    expect(await edge.get('GET /v1/kv/app/?keys&seperator=/')).toEqual(['app/a', 'app/b', 'app/b/']);
  });

  test('that has nothing is 404, but for the names below the root', async () => {
    expect((await edge.ask('GET /v1/kv/none?recurse')).status).toBe(404);
    expect((await edge.ask('DELETE /v1/kv/?recurse')).json).toBe(true);
    expect((await edge.ask('GET /v1/kv/?keys')).json).toEqual([]);
    expect((await edge.ask('GET /v1/kv/x?keys')).status).toBe(404);
  });

  test('moves its index on when something below it goes', async () => {
    const before = Number((await edge.ask('GET /v1/kv/app/?recurse')).headers['x-consul-index']);
    await edge.ask('DELETE /v1/kv/app/a');
    expect(Number((await edge.ask('GET /v1/kv/app/?recurse')).headers['x-consul-index'])).toBeGreaterThan(before);
  });
});

describe('a waiting read', () => {
  test('wakes when the key is written, and not for another', async () => {
    await put('a', '1');
    const index = (await edge.ask('GET /v1/kv/a')).headers['x-consul-index'];
    let woken = false;
    const waiting = edge.ask(`GET /v1/kv/a?index=${index}&wait=1m`).then((answer) => {
      woken = true;
      return answer;
    });
    await put('b', '2');
    expect(woken).toBe(false);
    await put('a', '3');
    const answer = await waiting;
    expect(answer.json).toMatchObject([{ Value: 'Mw==' }]);
    expect(Number(answer.headers['x-consul-index'])).toBeGreaterThan(Number(index));
  });

  test('of a key that does not exist wakes when it comes, even if others were written before', async () => {
    await put('b', '1');
    const absent = await edge.ask('GET /v1/kv/a');
    const waiting = edge.ask(`GET /v1/kv/a?index=${absent.headers['x-consul-index']}&wait=1m`);
    await put('b', '2');
    await put('a', '1');
    expect((await waiting).json).toMatchObject([{ Key: 'a' }]);
  });

  test('answers at once without an index', async () => {
    expect((await edge.ask('GET /v1/kv/a?wait=10m')).status).toBe(404);
    expect((await edge.ask('GET /v1/kv/a?index=0&wait=10m')).status).toBe(404);
  });
});
