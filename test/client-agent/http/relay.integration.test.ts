import { Readable } from 'node:stream';
import { afterEach, describe, expect, it } from 'vitest';
import { createRelay, createServerAccess } from '../../../src/client-agent/index.js';
import { AppError } from '../../../src/core/index.js';
import { createAgentHttpServer, type HttpConfig } from '../../../src/edges/http/index.js';
import { ManualClock } from '../../agent/support/manual-clock.js';
import { testDeps } from '../../edges/http/support/test-edge.js';
import { type Answer, FakeLink, response } from '../support/fake-link.js';

const closers: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

/** The HTTP of a client agent whose server a test plays; time moves when the test says so. */
async function rig(answer: Answer, config: Partial<HttpConfig> = {}) {
  const clock = new ManualClock();
  const link = new FakeLink(answer);
  const servers = createServerAccess(link, clock);
  const { relay, close } = createRelay({ servers, clock, ownToken: () => 'own-token' });
  const deps = await testDeps({ config: { server: false, ...config } });
  const http = createAgentHttpServer(deps, relay);
  const { port } = await http.listen({ host: '127.0.0.1', port: 0 });
  closers.push(
    close,
    () => servers.close(),
    () => http.close(),
  );
  const ask = async (target: string, init?: RequestInit) => {
    const given = await fetch(`http://127.0.0.1:${port}${target}`, init);
    return { status: given.status, header: (name: string) => given.headers.get(name), text: await given.text() };
  };
  return { clock, link, ask, servers };
}

const nodes = (index: number, text: string) =>
  response(200, text, { 'X-Consul-Index': String(index), 'X-Consul-KnownLeader': 'true', 'X-Consul-LastContact': '0' });
/** Until a request has reached the server, or the agent. */
const turn = (ms = 30) => new Promise((resolve) => setTimeout(resolve, ms));

describe('a request that servers answer', () => {
  it('goes there with its headers, the address of who asks, and the agent own token where it has none', async () => {
    const { ask, link } = await rig(() => nodes(5, '["n1"]'), { responseHeaders: { 'X-Own': 'yes' } });
    const { header, text } = await ask('/v1/catalog/nodes', { headers: { 'X-Some': 'thing' } });
    expect([text, header('x-consul-index'), header('x-own')]).toEqual(['["n1"]', '5', 'yes']);
    expect(link.requests[0]?.headers).toMatchObject({
      'x-some': 'thing',
      'x-consul-token': 'own-token',
      'x-forwarded-for': '127.0.0.1',
    });
    await ask('/v1/catalog/nodes?token=mine');
    expect(link.requests[1]?.headers['x-consul-token']).toBeUndefined();
    expect(link.requests[1]?.headers).not.toHaveProperty('host');
  });

  it('is given up when the client goes away', async () => {
    let aborted = false;
    const { ask, link } = await rig(
      ({ signal }) =>
        new Promise((_resolve, reject) =>
          signal?.addEventListener('abort', () => {
            aborted = true;
            reject(new AppError('cancelled', 'the request was ended'));
          }),
        ),
    );
    const away = new AbortController();
    const asked = ask('/v1/catalog/nodes?index=5&wait=5m', { signal: away.signal });
    await expect.poll(() => link.requests).toHaveLength(1);
    away.abort();
    await expect(asked).rejects.toThrow();
    await expect.poll(() => aborted).toBe(true);
  });

  it('streams a long body both ways', async () => {
    const large = 'x'.repeat(3 * 1_048_576);
    const { ask } = await rig(({ text }) => response(200, Readable.from([Buffer.from(text), Buffer.from('end')])));
    const { text } = await ask('/v1/snapshot', { method: 'PUT', body: large });
    expect(text).toBe(`${large}end`);
  });

  it('is asked for once more when the answer to a read breaks off, and a write is not', async () => {
    let count = 0;
    const { ask } = await rig(() => {
      count += 1;
      if (count > 1) return nodes(1, '[]');
      const broken = new Readable({ read() {} });
      broken.push('[');
      setTimeout(() => broken.destroy(new Error('gone')), 20);
      return response(200, broken, { 'X-Consul-Index': '1' });
    });
    expect((await ask('/v1/catalog/nodes')).text).toBe('[]');
    count = 0;
    const { ask: write, link } = await rig(() => {
      throw new AppError('unavailable', 'the server at 10.0.0.1:8301 broke off');
    });
    expect(await write('/v1/kv/a', { method: 'PUT', body: 'x' })).toMatchObject({ status: 503 });
    expect(link.asked).toEqual(['PUT /v1/kv/a']);
  });
});

describe('while no server is there', () => {
  it('a read waits seven seconds for one, and then says so in the words of Consul', async () => {
    const { ask, link, clock } = await rig(() => nodes(1, '[]'));
    link.down();
    const timers = clock.pending;
    const asked = ask('/v1/catalog/nodes');
    await expect.poll(() => clock.pending).toBeGreaterThan(timers);
    await clock.advance(7_000);
    expect(await asked).toMatchObject({
      status: 503,
      text: 'No known Consul servers: 10.0.0.1:8301 refuses connections',
    });
    // Nobody waits for what has been away for long.
    expect((await ask('/v1/catalog/services')).status).toBe(503);
  });

  it('reads and writes go on when one comes back in time', async () => {
    const { ask, link, clock } = await rig(({ text }) => nodes(1, `[${text}]`));
    link.down();
    const timers = clock.pending;
    const asked = [ask('/v1/catalog/nodes'), ask('/v1/kv/a', { method: 'PUT', body: '1' })];
    await expect.poll(() => clock.pending).toBeGreaterThan(timers + 1);
    await clock.advance(3_000);
    link.up();
    expect((await Promise.all(asked)).map(({ text }) => text)).toEqual(['[]', '[1]']);
  });

  it('discovery is answered as it was last, and the answer says how old it is', async () => {
    const { ask, link, clock } = await rig(() => nodes(5, '["n1"]'));
    await ask('/v1/health/service/web?passing');
    link.down();
    await clock.advance(20_000);
    const { status, header, text } = await ask('/v1/health/service/web?passing');
    expect([status, text, header('x-consul-index')]).toEqual([200, '["n1"]', '5']);
    expect([header('x-consul-knownleader'), header('x-consul-lastcontact')]).toEqual(['false', '20000']);
    expect([header('x-cache'), header('age'), header('x-consul-effective-consistency')]).toEqual([
      'HIT',
      '20',
      'stale',
    ]);
    expect((await ask('/v1/health/service/web')).status).toBe(503);
    expect((await ask('/v1/health/service/web?passing&consistent')).status).toBe(503);
    expect((await ask('/v1/health/service/web?passing&max_stale=10s')).status).toBe(503);
    expect((await ask('/v1/health/service/web?passing&token=other')).status).toBe(503);
  });

  it('keys are answered as they were only when that was asked for', async () => {
    const { ask, link, clock } = await rig(() => nodes(5, '[{}]'));
    await ask('/v1/kv/a');
    link.down();
    await clock.advance(7_000);
    expect((await ask('/v1/kv/a')).status).toBe(503);
    expect(await ask('/v1/kv/a?stale')).toMatchObject({ status: 200, text: '[{}]' });
  });

  it('a stale read is answered at once', async () => {
    const { ask, link } = await rig(() => nodes(5, '[]'));
    await ask('/v1/catalog/nodes');
    link.down();
    expect((await ask('/v1/catalog/nodes?stale')).text).toBe('[]');
  });

  it('who waits for a change goes on waiting, and is told when a server is there again', async () => {
    let index = 5;
    const { ask, link, clock } = await rig(() => nodes(index, `[${index}]`));
    await ask('/v1/catalog/nodes');
    link.down();
    await clock.advance(7_000);
    let answered = false;
    const timers = clock.pending;
    const asked = ask('/v1/catalog/nodes?index=5&wait=60s').finally(() => {
      answered = true;
    });
    await expect.poll(() => clock.pending).toBeGreaterThan(timers);
    await clock.advance(30_000);
    expect(answered).toBe(false);
    index = 6;
    link.up();
    expect(await asked).toMatchObject({ text: '[6]' });
  });

  it('who waits for a change is given the old answer when his time is over', async () => {
    const { ask, link, clock } = await rig(() => nodes(5, '[5]'));
    await ask('/v1/catalog/nodes');
    link.down();
    await clock.advance(7_000);
    const timers = clock.pending;
    const asked = ask('/v1/catalog/nodes?index=5&wait=10s');
    await expect.poll(() => clock.pending).toBeGreaterThan(timers);
    await clock.advance(10_000);
    const { text, header } = await asked;
    expect([text, header('x-consul-index'), header('age')]).toEqual(['[5]', '5', '17']);
  });
});

describe('?cached', () => {
  /** A server that answers a query that waits when the test says so. */
  function waitingServer() {
    let index = 5;
    const parked: ((answer: ReturnType<typeof nodes>) => void)[] = [];
    const answer: Answer = ({ path, signal }) =>
      path.includes('index=')
        ? new Promise((resolve, reject) => {
            parked.push(resolve);
            signal?.addEventListener('abort', () => reject(new AppError('cancelled', 'ended')));
          })
        : nodes(index, `[${index}]`);
    const change = () => {
      index += 1;
      for (const resolve of parked.splice(0)) resolve(nodes(index, `[${index}]`));
    };
    return { answer, change, parked };
  }

  it('asks once, and is kept fresh by a query that waits at the server', async () => {
    const { answer, change, parked } = waitingServer();
    const { ask, link } = await rig(answer);
    const first = await ask('/v1/health/service/web?cached');
    expect([first.text, first.header('x-cache'), first.header('age')]).toEqual(['[5]', 'MISS', null]);
    await expect.poll(() => parked.length).toBe(1);
    const second = await ask('/v1/health/service/web?cached');
    expect([second.text, second.header('x-cache'), second.header('age')]).toEqual(['[5]', 'HIT', '0']);
    expect(link.asked).toEqual(['GET /v1/health/service/web', 'GET /v1/health/service/web?index=5&wait=5m']);
    change();
    await expect.poll(async () => (await ask('/v1/health/service/web?cached')).text).toBe('[6]');
  });

  it('wakes who waits for a change', async () => {
    const { answer, change, parked } = waitingServer();
    const { ask, clock } = await rig(answer);
    await ask('/v1/health/service/web?cached');
    await expect.poll(() => parked.length).toBe(1);
    const timers = clock.pending;
    const asked = ask('/v1/health/service/web?cached&index=5&wait=5m');
    await expect.poll(() => clock.pending).toBeGreaterThan(timers);
    change();
    expect((await asked).text).toBe('[6]');
  });

  it('says its age while the servers are away, and is not given to who wants it fresher', async () => {
    const { answer } = waitingServer();
    const { ask, link, clock } = await rig((request) =>
      request.path.includes('index=') ? Promise.reject(new AppError('unavailable', 'gone')) : answer(request),
    );
    await ask('/v1/health/service/web?cached');
    await expect.poll(() => link.requests.length).toBeGreaterThan(1);
    link.down();
    await clock.advance(12_000);
    const { header, text } = await ask('/v1/health/service/web?cached');
    expect([text, header('x-cache'), header('age'), header('x-consul-knownleader')]).toEqual([
      '[5]',
      'HIT',
      '12',
      'false',
    ]);
    const fresh = { headers: { 'Cache-Control': 'max-age=5' } };
    expect((await ask('/v1/health/service/web?cached', fresh)).status).toBe(503);
    expect((await ask('/v1/health/service/web?cached', { headers: { 'Cache-Control': 'max-age=x' } })).status).toBe(
      400,
    );
  });

  it('is let go when nobody has asked for ten minutes', async () => {
    const { answer, change, parked } = waitingServer();
    const { ask, clock } = await rig(answer);
    await ask('/v1/health/service/web?cached');
    await expect.poll(() => parked.length).toBe(1);
    await clock.advance(11 * 60_000);
    change();
    await turn();
    expect(parked.length).toBe(0);
    expect((await ask('/v1/health/service/web?cached')).header('x-cache')).toBe('MISS');
  });
});
