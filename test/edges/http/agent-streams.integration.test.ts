import { Readable } from 'node:stream';
import { afterEach, describe, expect, it } from 'vitest';
import { agentFlags } from '../../../src/cli/flags/agent-flags.js';
import { capture } from '../../../src/cli/debug/captures.js';
import { createAgentClient } from '../../../src/cli/http/agent-client.js';
import { agentSettings } from '../../../src/cli/http/agent-settings.js';
import { systemClock } from '../../../src/core/index.js';
import { createAgentHttpServer } from '../../../src/edges/http/index.js';
import { createLogging, createMetrics } from '../../../src/telemetry/index.js';
import { testDeps } from './support/test-edge.js';

const INTERVAL_MS = 10_000;
const closers: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

/** The HTTP of a client agent, with nobody behind it. */
async function clientAgent() {
  let aheadMs = 0;
  const clock = { ...systemClock, now: () => systemClock.now() + aheadMs };
  const { logger, watch } = createLogging({ level: 'warn', json: false, targets: [] });
  const metrics = createMetrics(() => ({ 'meshwright.client_agent.server_reachable': 1 }), clock.now, {
    metricsPrefix: 'consul',
    prometheus: true,
    hostname: '',
    allowedPrefixes: [],
    blockedPrefixes: [],
    filterDefault: true,
  });
  const deps = { ...(await testDeps({ config: { server: false } })), clock, metrics, watchLog: watch };
  const http = createAgentHttpServer(deps, () =>
    Promise.resolve({ status: 200, made: { rawHeaders: [], body: Readable.from(['[]']) } }),
  );
  const { port } = await http.listen({ host: '127.0.0.1', port: 0 });
  closers.push(
    () => metrics.close(),
    () => http.close(),
  );
  return {
    base: `http://127.0.0.1:${port}`,
    logger,
    /** From now on the interval is over in a second. */
    nearEnd() {
      aheadMs = 2 * INTERVAL_MS - (systemClock.now() % INTERVAL_MS) - 1_000;
    },
  };
}

/** A stream that is read until somebody has seen enough. */
async function follow(url: string) {
  const away = new AbortController();
  closers.push(() => away.abort());
  const answer = await fetch(url, { signal: away.signal });
  const reader = (answer.body as ReadableStream<Uint8Array>).getReader();
  return {
    answer,
    end: () => away.abort(),
    async next(): Promise<string> {
      const { value } = await reader.read();
      return Buffer.from(value ?? []).toString('utf8');
    },
  };
}

describe('the streams of a client agent', () => {
  it('give its figures whenever an interval ends, an object a line', async () => {
    const { base, nearEnd } = await clientAgent();
    nearEnd();
    const { answer, next } = await follow(`${base}/v1/agent/metrics/stream`);
    expect([answer.status, answer.headers.get('content-type')]).toEqual([200, 'application/json']);
    const line = await next();
    expect(line.endsWith('\n')).toBe(true);
    expect(JSON.parse(line)).toMatchObject({
      Timestamp: expect.any(String),
      Gauges: expect.arrayContaining([expect.objectContaining({ Value: 1 })]),
    });
  });

  it('give its own log, down to the level that is asked for', async () => {
    const { base, logger } = await clientAgent();
    const { next } = await follow(`${base}/v1/agent/monitor?loglevel=debug`);
    logger.child({ room: 'dns' }).debug({ name: 'x' }, 'a question');
    expect(await next()).toMatch(/\[DEBUG\] dns: a question: name=x\n$/);
  });

  it('are 32 at most; one that ends makes room for another', async () => {
    const { base } = await clientAgent();
    const open = await Promise.all(Array.from({ length: 32 }, () => follow(`${base}/v1/agent/monitor`)));
    const refused = await fetch(`${base}/v1/agent/metrics/stream`);
    expect([refused.status, await refused.text()]).toEqual([
      503,
      expect.stringContaining('are being followed already'),
    ]);
    open[0]?.end();
    await expect
      .poll(async () => {
        const again = await follow(`${base}/v1/agent/monitor`);
        return again.answer.status;
      })
      .toBe(200);
  });

  it('and facts are what `debug` takes of it', async () => {
    const { base, logger } = await clientAgent();
    const flags = Object.fromEntries(Object.entries(agentFlags).map(([name, { initial }]) => [name, initial]));
    const settings = agentSettings(flags as never, { env: { CONSUL_HTTP_ADDR: base }, cwd: '.' });
    const problems: string[] = [];
    const say = setInterval(() => logger.info({}, 'something'), 50);
    const files = await capture(createAgentClient(settings), {
      captures: ['agent', 'host', 'metrics', 'logs', 'pprof'],
      durationMs: 600,
      intervalMs: 200,
      signal: new AbortController().signal,
      onProblem: (problem) => void problems.push(problem),
    });
    clearInterval(say);
    expect(files.map(({ name }) => name)).toEqual(['agent.json', 'host.json', 'meshwright.log', 'metrics.json']);
    const file = (name: string): string => files.find((one) => one.name === name)?.bytes.toString() ?? '';
    expect(JSON.parse(file('agent.json'))).toMatchObject({ Config: { NodeName: 'n1', Server: false } });
    expect(file('meshwright.log')).toContain('something');
    expect(problems).toEqual([expect.stringContaining('without enable_debug')]);
  });
});
