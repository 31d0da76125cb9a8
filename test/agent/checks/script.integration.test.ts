import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createScriptProbe } from '../../../src/agent/checks/script.js';
import { systemClock } from '../../../src/core/index.js';
import { definitionOf, look } from './support/probe.js';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'script-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const run = (args: readonly string[], { limit = 4096, timeoutMs = 20_000 } = {}) =>
  look(createScriptProbe(definitionOf({ Args: args }), systemClock, limit), timeoutMs);
const shell = (line: string, options = {}) => run(['/bin/sh', '-c', line], options);

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return !readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z ');
  } catch {
    return false;
  }
};
const until = async (holds: () => boolean): Promise<void> => {
  for (let turn = 0; turn < 200 && !holds(); turn++) await new Promise((resolve) => setTimeout(resolve, 10));
  expect(holds()).toBe(true);
};

describe('a script check', () => {
  test.each([
    [0, 'passing'],
    [1, 'warning'],
    [2, 'critical'],
    [255, 'critical'],
  ])('that ends with %i is %s', async (code, status) => {
    expect(await shell(`echo out; echo err >&2; exit ${code}`)).toEqual({ status, output: 'out\nerr\n' });
  });

  test('gets its arguments as they are, without a shell', async () => {
    expect(await run(['/bin/echo', '$HOME', 'a;b', "it's"])).toMatchObject({ output: "$HOME a;b it's\n" });
  });

  test('sees the environment of the agent, where CONSUL_HTTP_ADDR and the like are', async () => {
    process.env['CONSUL_HTTP_ADDR'] = '127.0.0.1:18500';
    try {
      expect(await shell('printf "$CONSUL_HTTP_ADDR"')).toMatchObject({ output: '127.0.0.1:18500' });
    } finally {
      delete process.env['CONSUL_HTTP_ADDR'];
    }
  });

  test.each([
    [['/no/such/program'], 'no such file'],
    [['/etc/passwd'], 'permission denied'],
  ])('%j that cannot be run is critical and says why', async (args, reason) => {
    expect(await run(args)).toMatchObject({ status: 'critical', output: expect.stringContaining(reason) });
  });

  test('that is killed is critical', async () => {
    expect(await shell('kill -9 $$')).toMatchObject({ status: 'critical', output: 'killed by SIGKILL' });
  });

  test('that takes too long is killed with everything it started', async () => {
    const file = join(folder, 'pid');
    const line = `trap '' TERM HUP INT; (trap '' TERM HUP INT; sleep 60) & echo $! > ${file}; echo begun; sleep 60`;
    const result = await shell(line, { timeoutMs: 300 });
    expect(result).toEqual({
      status: 'critical',
      output: 'Timed out: the script and what it started were killed\nbegun\n',
    });
    const child = Number(readFileSync(file, 'utf8'));
    await until(() => !isAlive(child));
  });

  test('that leaves something behind is done when it ends, and what it left is killed', async () => {
    const file = join(folder, 'pid');
    const result = await shell(`sleep 60 & echo $! > ${file}; echo done`);
    expect(result).toEqual({ status: 'passing', output: 'done\n' });
    await until(() => !isAlive(Number(readFileSync(file, 'utf8'))));
  });

  test('keeps the end of a long output and says how much that is', async () => {
    const { output } = await shell('yes line | head -c 1000000; echo the end', { limit: 200 });
    expect(output.startsWith('Captured 200 of 1000008 bytes\n...\n')).toBe(true);
    expect(output.endsWith('the end\n')).toBe(true);
    expect(Buffer.byteLength(output)).toBeLessThanOrEqual(200);
  });

  test('that was stopped before it began starts nothing', async () => {
    const file = join(folder, 'ran');
    const probe = createScriptProbe(
      definitionOf({ Args: ['/bin/sh', '-c', `sleep 1; touch ${file}`] }),
      systemClock,
      10,
    );
    const stopped = AbortSignal.abort();
    expect((await probe(stopped)).status).toBe('critical');
    expect(existsSync(file)).toBe(false);
  });
});
