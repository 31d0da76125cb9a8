import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type TestEdge, testEdge } from './support/test-edge.js';

let edge: TestEdge;
beforeEach(async () => {
  edge = await testEdge();
});
afterEach(() => edge.close());

const fire = (rest: string, body?: string) =>
  edge.ask(`PUT /v1/event/fire/${rest}`, body === undefined ? {} : { body });

describe('events over HTTP', () => {
  test('are fired with a payload and listed by name, at an index that blocks until there is another', async () => {
    const fired = await fire('deploy', 'v1');
    expect(fired.json).toMatchObject({ Name: 'deploy', Payload: 'djE=', Version: 1, LTime: 0 });
    const listed = await edge.ask('GET /v1/event/list?name=deploy');
    expect(listed.json).toMatchObject([{ Name: 'deploy', LTime: 2 }]);
    const index = listed.headers['x-consul-index'] ?? '';
    const waiting = edge.ask(`GET /v1/event/list?name=deploy&index=${index}&wait=60s`);
    await fire('other');
    await fire('deploy');
    expect((await waiting).json).toHaveLength(2);
    expect((await edge.ask(`GET /v1/event/list?index=${index}&wait=60s`)).json).toHaveLength(3);
  });

  test('stand at 1 when there are none', async () => {
    const listed = await edge.ask('GET /v1/event/list?name=none');
    expect([listed.json, listed.headers['x-consul-index']]).toEqual([[], '1']);
  });

  test('reach this agent only when it has the service they are for', async () => {
    await fire('a?service=web');
    await edge.ask('PUT /v1/agent/service/register', { body: { Name: 'web', Tags: ['v1'] } });
    await fire('b?service=^web$&tag=v[0-9]');
    await fire('c?node=n2');
    expect(((await edge.get('GET /v1/event/list')) as { Name: string }[]).map(({ Name }) => Name)).toEqual(['b']);
  });

  test.each<[string, string | undefined, number, RegExp]>([
    ['', undefined, 400, /Missing name/],
    ['x?tag=a', undefined, 400, /Cannot provide tag filter without service filter/],
    ['x?node=(', undefined, 400, /Invalid node filter: error parsing regexp/],
    ['x?node=(a{999}){999}', undefined, 400, /Invalid node filter/],
    ['x', 'y'.repeat(600), 400, /exceeds configured limit of 512 bytes/],
    ['x', 'y'.repeat(70_000), 413, /too large/],
    ['x%00y', undefined, 400, /^$/],
  ])('are refused: %j', async (rest, body, status, expected) => {
    const answer = await fire(rest, body);
    expect([answer.status, answer.text]).toEqual([status, expect.stringMatching(expected)]);
    expect(await edge.get('GET /v1/event/list')).toEqual([]);
  });

  test.each(['abc', '-1', '1.5', '99999999999999999999'])('are not listed at the index %j', async (index) => {
    expect((await edge.ask(`GET /v1/event/list?index=${index}`)).status).toBe(400);
  });
});
