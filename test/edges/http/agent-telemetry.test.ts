import { describe, expect, it } from 'vitest';
import { createLogStream } from '../../../src/edges/http/log-stream.js';
import type { LogWatch } from '../../../src/telemetry/index.js';
import { ManualClock } from '../../state/support/manual-clock.js';
import { testEdge } from './support/test-edge.js';

function follow(stop = new AbortController()) {
  const clock = new ManualClock();
  let watch: LogWatch | undefined;
  const stream = createLogStream({
    watchLog: (given) => {
      watch = given;
      return () => {
        watch = undefined;
      };
    },
    level: 'info',
    json: false,
    clock,
    signal: stop.signal,
  });
  return { clock, stop, stream, say: (line: string) => watch?.onLine(line), isWatching: () => watch !== undefined };
}

describe('the log over HTTP', () => {
  it('goes out every fifth of a second', () => {
    const { clock, stream, say } = follow();
    say('one\n');
    say('two\n');
    expect(stream.read()).toBeNull();
    clock.advance(200);
    expect(String(stream.read())).toBe('one\ntwo\n');
  });

  it('leaves out what comes faster than it goes, and says so', () => {
    const { clock, stream, say } = follow();
    for (let line = 0; line < 600; line++) say(`${line}\n`);
    clock.advance(200);
    const lines = String(stream.read()).trim().split('\n');
    expect(lines).toHaveLength(513);
    expect(lines.at(-1)).toContain('88 lines were left out');
  });

  it('drops a reader that takes nothing, and forgets it', () => {
    const { clock, stream, say, isWatching } = follow();
    for (let turn = 0; turn < 80 && isWatching(); turn++) {
      for (let line = 0; line < 400; line++) say(`${'x'.repeat(1000)}\n`);
      clock.advance(200);
    }
    expect(stream.destroyed).toBe(true);
    expect(stream.readableLength).toBeLessThan(4_000_000);
  });

  it('ends when the agent does', () => {
    const { clock, stop, stream, isWatching } = follow();
    stop.abort();
    expect([stream.destroyed, isWatching(), clock.pending]).toEqual([true, false, 0]);
  });

  it('has ended when it begins after the agent has', () => {
    const over = new AbortController();
    over.abort();
    const { clock, stream, isWatching } = follow(over);
    expect([stream.destroyed, isWatching(), clock.pending]).toEqual([true, false, 0]);
  });
});

describe('agent endpoints', () => {
  it('refuse an unknown level, and Prometheus where it is off', async () => {
    const edge = await testEdge();
    Object.assign(edge.deps.metrics, { prometheus: () => undefined });
    expect(await edge.ask('GET /v1/agent/monitor?loglevel=odd')).toMatchObject({
      status: 400,
      text: 'Unknown log level: odd',
    });
    expect((await edge.ask('GET /v1/agent/metrics?format=prometheus')).status).toBe(415);
    await edge.close();
  });

  it('set tokens by old and new names where access control is on, and never show them', async () => {
    const edge = await testEdge({ config: { aclEnabled: true } });
    expect((await edge.ask('PUT /v1/agent/token/acl_token', { body: { Token: 'hush' } })).status).toBe(200);
    expect(edge.deps.tokens.get('default')).toBe('hush');
    expect(await edge.ask('PUT /v1/agent/token/odd', { body: { Token: 'x' } })).toMatchObject({
      status: 404,
      text: 'Token "odd" is unknown',
    });
    expect((await edge.ask('PUT /v1/agent/token/default', { body: { Toke: 'x' } })).status).toBe(400);
    expect((await edge.ask('GET /v1/agent/self')).text).not.toContain('hush');
    await edge.close();
    const without = await testEdge();
    expect(await without.ask('PUT /v1/agent/token/odd', { body: '{' })).toMatchObject({
      status: 401,
      text: 'ACL support disabled',
    });
    await without.close();
  });

  it('take profiles only where debugging is on', async () => {
    const off = await testEdge();
    expect(await off.ask('GET /debug/pprof/profile?seconds=1')).toMatchObject({
      status: 403,
      text: expect.stringContaining('enable_debug') as string,
    });
    await off.close();
    const on = await testEdge({ config: { enableDebug: true } });
    expect((await on.ask('GET /debug/pprof/profile?seconds=0')).status).toBe(400);
    expect((await on.ask('GET /debug/pprof/odd')).status).toBe(404);
    expect((await on.ask('GET /debug/pprof/')).text).toContain('/debug/pprof/heap');
    await on.close();
  });
});
