import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { targetProblem, writeBundle } from '../../../src/cli/debug/bundle.js';
import { type CaptureOptions, capture } from '../../../src/cli/debug/captures.js';
import { createAgentClient } from '../../../src/cli/http/agent-client.js';
import { agentSettings } from '../../../src/cli/http/agent-settings.js';
import { agentFlags } from '../../../src/cli/flags/agent-flags.js';
import { type FakeAgent, startFakeAgent } from '../support/fake-agent.js';
import { run } from '../support/run.js';

let folder: string;
let agent: FakeAgent;
beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'meshwright-debug-'));
  agent = await startFakeAgent(({ path }) =>
    path === '/v1/agent/host' ? { status: 403, body: 'Permission denied' } : { body: { DebugConfig: {}, path } },
  );
});
afterEach(async () => {
  await agent.close();
  rmSync(folder, { recursive: true, force: true });
});

describe('what is captured of an agent', () => {
  const captured = async (captures: CaptureOptions['captures']) => {
    const flags = Object.fromEntries(Object.entries(agentFlags).map(([name, { initial }]) => [name, initial]));
    const settings = agentSettings(flags as never, { env: { CONSUL_HTTP_ADDR: agent.address }, cwd: folder });
    const problems: string[] = [];
    const files = await capture(createAgentClient(settings), {
      captures,
      durationMs: 1_000,
      intervalMs: 100,
      signal: new AbortController().signal,
      onProblem: (problem) => void problems.push(problem),
    });
    return { files, problems };
  };

  test('is facts once, figures at every interval, and the log', async () => {
    const { files, problems } = await captured(['agent', 'members', 'metrics', 'logs']);
    expect(files.map(({ name }) => name)).toEqual(['agent.json', 'members.json', 'meshwright.log', 'metrics.json']);
    const lines = files.at(-1)?.bytes.toString().trim().split('\n') ?? [];
    expect(lines.length).toBeGreaterThan(1);
    expect(lines[0]).toContain('/v1/agent/metrics');
    expect(problems).toEqual([]);
  });

  test('goes on without what the agent does not give, and says so', async () => {
    const { files, problems } = await captured(['agent', 'host', 'pprof']);
    expect(files.map(({ name }) => name)).toEqual(['agent.json']);
    expect(problems).toEqual([
      'host not captured: Unexpected response code: 403 (Permission denied)',
      expect.stringContaining('without enable_debug'),
    ]);
  });
});

describe('the bundle', () => {
  const files = [
    { name: 'a.json', bytes: Buffer.from('{}\n') },
    { name: '0/heap', bytes: Buffer.alloc(1_500, 'x') },
  ];
  const facts = { startedAt: new Date('2026-01-02T03:04:05Z'), version: 'v' };
  const index = (text: string) => JSON.parse(text) as { files: { name: string; sha256: string }[] };

  test('is an archive that tar unpacks, with an index, for its owner only', () => {
    const target = { path: join(folder, 'b'), archive: true };
    writeBundle(target, files, facts);
    expect(statSync(join(folder, 'b.tar.gz')).mode & 0o777).toBe(0o600);
    execFileSync('tar', ['-xzf', 'b.tar.gz'], { cwd: folder });
    for (const { name, bytes } of files) expect(readFileSync(join(folder, 'b', name)).equals(bytes)).toBe(true);
    expect(statSync(join(folder, 'b/a.json')).mtimeMs).toBe(facts.startedAt.getTime());
    expect(index(readFileSync(join(folder, 'b/index.json'), 'utf8')).files[0]).toEqual({
      name: 'a.json',
      bytes: 3,
      sha256: createHash('sha256').update('{}\n').digest('hex'),
    });
    expect(targetProblem(target)).toContain('b.tar.gz already exists');
  });

  test('is a directory without -archive', () => {
    const target = { path: join(folder, 'd'), archive: false };
    mkdirSync(target.path);
    expect(targetProblem(target)).toBeUndefined();
    writeBundle(target, files, facts);
    expect(index(readFileSync(join(folder, 'd/index.json'), 'utf8')).files).toHaveLength(2);
    expect(targetProblem(target)).toContain('index.json already exists');
  });
});

describe('debug', () => {
  test.each([
    [['-output=old'], 'already exists'],
    [['-output=none/new'], 'there is no folder'],
    [['-capture=secrets'], '"secrets" cannot be captured'],
    [['-duration=9s'], 'duration must be longer'],
  ])('%j is refused before the agent is watched for minutes', async (argv, problem) => {
    writeFileSync(join(folder, 'old.tar.gz'), 'x');
    const options = { cwd: folder, env: { CONSUL_HTTP_ADDR: agent.address } };
    expect(await run(['debug', ...argv], options)).toMatchObject({ code: 1, err: expect.stringContaining(problem) });
    expect(agent.seen).toEqual([]);
  });
});
