import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { AgentAnswer, AgentRequest } from '../../../src/cli/http/agent-client.js';
import {
  type WatchParameters,
  type WatchType,
  follow,
  watchTypes,
  watchedView as viewOf,
} from '../../../src/watches/index.js';
import { AgentError } from '../../../src/cli/http/agent-error.js';
import { type FakeAgent, startFakeAgent } from '../support/fake-agent.js';
import { run } from '../support/run.js';

const asFlag = (parameter: string): string => `-${parameter}`;
const watchedView = (type: WatchType, given: WatchParameters) => viewOf(type, given, asFlag);
const nothing = { key: '', prefix: '', service: '', tags: [], passingOnly: false, state: '', name: '', filter: '' };

describe('what a watch asks for', () => {
  test.each([
    ['key', { key: 'a b/c' }, '/v1/kv/a%20b/c', {}],
    ['keyprefix', { prefix: 'app/' }, '/v1/kv/app/', { recurse: true }],
    ['services', {}, '/v1/catalog/services', {}],
    ['nodes', { filter: 'Node == a' }, '/v1/catalog/nodes', { filter: 'Node == a' }],
    [
      'service',
      { service: 'web', tags: ['a', 'b'], passingOnly: true },
      '/v1/health/service/web',
      { tag: ['a', 'b'], passing: 1 },
    ],
    ['checks', {}, '/v1/health/state/any', {}],
    ['checks', { state: 'critical' }, '/v1/health/state/critical', {}],
    ['checks', { service: 'web' }, '/v1/health/checks/web', {}],
    ['event', { name: 'deploy' }, '/v1/event/list', { name: 'deploy' }],
    ['connect_roots', {}, '/v1/agent/connect/ca/roots', {}],
    ['connect_leaf', { service: 'web' }, '/v1/agent/connect/ca/leaf/web', {}],
    ['agent_service', { service: 'web1' }, '/v1/agent/service/web1', {}],
  ] as const)('%s %j', (type, given, path, query) => {
    expect(watchedView(type, { ...nothing, ...given })).toMatchObject({ path, query });
  });

  test.each(['key', 'keyprefix', 'service', 'connect_leaf', 'agent_service'] as const)(
    '%s says what it needs',
    (type) => {
      expect(() => watchedView(type, nothing)).toThrow(`a watch of type ${type} needs -`);
    },
  );

  test('checks are those of a service or in a state', () => {
    expect(() => watchedView('checks', { ...nothing, service: 'web', state: 'any' })).toThrow('not both');
  });
});

interface Step {
  readonly status?: number;
  readonly index?: string;
  readonly body?: string;
}

/** Follows over these answers, and ends at the failure that comes after the last. */
async function followed(steps: readonly Step[], view = watchedView('keyprefix', { ...nothing, prefix: 'a' })) {
  const asked: unknown[] = [];
  const seen: string[] = [];
  const pauses: number[] = [];
  let at = 0;
  const request = async ({ query }: AgentRequest): Promise<AgentAnswer> => {
    asked.push(query?.['index'] ?? '');
    const { status = 200, index = '1', body = '[]' } = steps[at++] ?? { status: 599 };
    return { status, headers: { 'x-consul-index': index }, body: Buffer.from(body) };
  };
  await follow(request, view, {
    refusal: (status, text) => AgentError.fromAnswer(status, text),
    onSeen: async ({ json }) => seen.push(json) > 0,
    onFailure: () => at <= steps.length,
    pause: async (ms) => void pauses.push(ms),
  });
  return { asked, seen, pauses };
}

describe('following', () => {
  test('asks with the index seen last, and tells only what differs', async () => {
    const { asked, seen } = await followed([
      { index: '5', body: '[1]' },
      { index: '9', body: '[1]' },
      { index: '12', body: '[2]' },
    ]);
    expect(asked).toEqual(['', '5', '9', '12']);
    expect(seen).toEqual(['[1]', '[2]']);
  });

  test('begins anew when the index goes back, and never blocks on index 0', async () => {
    const { asked } = await followed([{ index: '50' }, { index: '3' }, { index: '3' }, { index: '0' }]);
    expect(asked).toEqual(['', '50', '', '3', '1']);
  });

  test('what is not there is an empty list, not a failure', async () => {
    expect((await followed([{ status: 404, index: '4', body: '' }])).seen).toEqual(['[]']);
  });

  test('waits longer after each failure in a row, three minutes at most, and goes on where it was', async () => {
    const failing = Array.from({ length: 8 }, () => ({ status: 500 }));
    const { asked, pauses } = await followed([{ index: '7' }, ...failing, { index: '7' }, { status: 500 }]);
    expect(pauses).toEqual([5_000, 20_000, 45_000, 80_000, 125_000, 180_000, 180_000, 180_000, 5_000]);
    expect(new Set(asked.slice(1))).toEqual(new Set(['7']));
  });

  test('of events only those that followed are told', async () => {
    const { seen } = await followed(
      [{ body: '[{"ID":"a"},{"ID":"b"}]' }, { body: '[{"ID":"b"},{"ID":"c"}]' }, { body: '[{"ID":"x"}]' }],
      watchedView('event', nothing),
    );
    expect(seen).toEqual(['[{"ID":"a"},{"ID":"b"}]', '[{"ID":"c"}]', '[{"ID":"x"}]']);
  });

  test('numbers of 64 bits stay whole', async () => {
    const { seen } = await followed([{ body: '[{"Flags":18446744073709551615}]' }]);
    expect(seen).toEqual(['[{"Flags":18446744073709551615}]']);
  });
});

describe('meshwright watch', () => {
  let agent: FakeAgent;
  let folder = '';
  let round = 0;
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'watch-'));
    round = 0;
    agent = await startFakeAgent(() => {
      round += 1;
      return round <= 2 ? { body: [{ Key: 'a', Value: `v${round}` }] } : undefined;
    });
  });
  afterEach(async () => {
    rmSync(folder, { recursive: true });
    await agent.close();
  });

  const watch = (...words: string[]) => run(['watch', `-http-addr=${agent.address}`, ...words]);

  test('without a program prints what is there and ends', async () => {
    const { code, out } = await watch('-type=key', '-key=a');
    expect({ code, value: JSON.parse(out) as unknown }).toEqual({ code: 0, value: { Key: 'a', Value: 'v1' } });
    expect(out).toMatch(/^\{\n {4}"Key"/);
  });

  test('runs the program at once and at each change, until it fails', async () => {
    const file = join(folder, 'seen');
    const { code, err } = await watch(
      '-type=key',
      '-key=a',
      `cat >> ${file}; echo "at $CONSUL_INDEX" >> ${file}; ! grep -q v2 ${file}`,
    );
    expect(readFileSync(file, 'utf8')).toBe('{"Key":"a","Value":"v1"}\nat \n{"Key":"a","Value":"v2"}\nat \n');
    expect({ code, err }).toEqual({ code: 1, err: 'Error executing handler: exit status 1\n' });
  });

  test('-shell=false starts the program itself, with its arguments as they are', async () => {
    const file = join(folder, 'a b');
    const { code } = await watch('-type=key', '-key=a', '-shell=false', 'sh', '-c', 'cat > "$0"; exit 1', file);
    expect({ code, text: readFileSync(file, 'utf8') }).toEqual({ code: 1, text: '{"Key":"a","Value":"v1"}\n' });
  });

  test.each([
    [[], 'give the type of watch with -type'],
    [['-type=keys'], 'there is no watch of type "keys"'],
    [['-type=key'], 'a watch of type key needs -key'],
    [['-type=service', '-service=a', '-passingonly=maybe'], '-passingonly must be true or false'],
  ])('%j is refused', async (words, why) => {
    const { code, err } = await watch(...words);
    expect({ code, err }).toEqual({ code: 1, err: expect.stringContaining(why) });
  });

  test('without a program an agent that does not answer is an error', async () => {
    await agent.close();
    const { code, err } = await watch('-type=nodes');
    expect({ code, err }).toEqual({ code: 1, err: expect.stringContaining('Error querying the agent') });
    agent = await startFakeAgent(() => undefined);
  });
});

test('every type of watch is known to the command', () => expect(watchTypes).toHaveLength(10));
