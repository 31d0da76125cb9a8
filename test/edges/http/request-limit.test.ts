import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type TestEdge, testEdge } from './support/test-edge.js';

describe('a limit of requests', () => {
  let nowMs = 0;
  let edge: TestEdge;
  const counted: string[] = [];

  beforeEach(async () => {
    nowMs = 1_000_000;
    edge = await testEdge({ clock: { now: () => nowMs, after: () => () => undefined } });
    counted.length = 0;
    Object.assign(edge.deps.metrics, { countLimited: (...labels: string[]) => counted.push(labels.join(' ')) });
  });
  afterEach(() => edge.close());

  const limit = async (fields: object) => {
    const body = { Kind: 'control-plane-request-limit', Name: 'all', ...fields };
    return (await edge.ask('PUT /v1/config', { body })).text;
  };
  /** Statuses of so many requests in a row. */
  const statuses = async (line: string, times: number) => {
    const found: number[] = [];
    for (let i = 0; i < times; i++)
      found.push((await edge.ask(line, { body: line.startsWith('PUT') ? 'x' : '' })).status);
    return found;
  };

  it('lets ten seconds of requests through at once, and refuses reads with 429', async () => {
    await limit({ Mode: 'enforcing', ReadRate: 0.2 });
    expect(await statuses('GET /v1/kv/a', 3)).toEqual([404, 404, 429]);
    expect((await edge.ask('GET /v1/catalog/nodes')).text).toBe(
      'rate limit exceeded: more than 0.2 reads a second (control-plane-request-limit "all"); try again later',
    );
    expect(await statuses('PUT /v1/kv/a', 5)).toEqual([200, 200, 200, 200, 200]);
    expect(counted).toEqual(['read enforcing global', 'read enforcing global']);
  });

  it('gives back what time has brought', async () => {
    await limit({ Mode: 'enforcing', ReadRate: 0.1 });
    expect(await statuses('GET /v1/kv/a', 2)).toEqual([404, 429]);
    nowMs += 9_000;
    expect(await statuses('GET /v1/kv/a', 1)).toEqual([429]);
    nowMs += 1_000;
    expect(await statuses('GET /v1/kv/a', 2)).toEqual([404, 429]);
  });

  it('refuses writes with 503, but never the deletion of a limit, nor the state of the proxies', async () => {
    await limit({ Mode: 'enforcing', WriteRate: 0.1, ReadRate: 0.1 });
    expect(await statuses('PUT /v1/kv/a', 2)).toEqual([200, 503]);
    expect(await statuses('GET /v1/kv/a', 2)).toEqual([200, 429]);
    expect(await statuses('GET /v1/mesh/proxies', 3)).toEqual([200, 200, 200]);
    expect(await statuses('GET /v1/agent/services', 3)).toEqual([200, 200, 200]);
    expect(await statuses('GET /v1/status/leader', 3)).toEqual([200, 200, 200]);
    expect(await statuses('DELETE /v1/config/control-plane-request-limit/all', 1)).toEqual([200]);
    expect(await statuses('PUT /v1/kv/a', 3)).toEqual([200, 200, 200]);
  });

  it('only notes what is over it when it is permissive, and does nothing when it is disabled', async () => {
    await limit({ Mode: 'permissive', ReadRate: 0.1 });
    expect(await statuses('GET /v1/kv/a', 3)).toEqual([404, 404, 404]);
    expect(counted).toHaveLength(2);
    await limit({ Mode: 'disabled', ReadRate: 0.1 });
    expect(await statuses('GET /v1/kv/a', 3)).toEqual([404, 404, 404]);
    expect(counted).toHaveLength(2);
  });

  it('can be about one family of requests', async () => {
    await limit({ Mode: 'enforcing', kv: { write_rate: 0.1 }, Intention: { ReadRate: 0.1 } });
    expect(await statuses('PUT /v1/kv/a', 2)).toEqual([200, 503]);
    expect(await statuses('GET /v1/kv/a', 2)).toEqual([200, 200]);
    expect(await statuses('GET /v1/connect/intentions', 2)).toEqual([200, 429]);
    expect((await edge.ask('GET /v1/connect/intentions')).text).toContain('more than 0.1 intention reads a second');
  });

  it('keeps what is used up when another part of its entry changes', async () => {
    await limit({ Mode: 'enforcing', ReadRate: 0.1 });
    await statuses('GET /v1/kv/a', 1);
    await limit({ Mode: 'enforcing', ReadRate: 0.1, WriteRate: 100 });
    expect(await statuses('GET /v1/kv/a', 1)).toEqual([429]);
  });

  it.each([
    ['no name', { Name: '', Mode: 'enforcing' }, 'Name is required'],
    ['no mode', {}, 'Mode must be one of permissive, enforcing, disabled, not ""'],
    ['a negative rate', { Mode: 'enforcing', ReadRate: -1 }, 'ReadRate must not be negative'],
    ['a negative rate of a family', { Mode: 'enforcing', KV: { WriteRate: -1 } }, 'KV.WriteRate must not be negative'],
    ['an unknown family', { Mode: 'enforcing', Kve: {} }, 'invalid config key "Kve"'],
  ])('is refused with %s', async (_what, fields, problem) => {
    expect(await limit(fields)).toContain(problem);
  });
});
