import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { wrapperExecutable } from '../../scripts/lib/executable.mjs';
import { AgentHost, bundleAgent } from './agent-host.mjs';
import bounds from './bounds.json' with { type: 'json' };
import { classify } from './classify.mjs';
import decisions from './decisions.json' with { type: 'json' };
import { failureLines, playAll, scenarios } from './index.mjs';
import scope from './scope.json' with { type: 'json' };

type Result = Awaited<ReturnType<typeof playAll>>[number];

/** What is wrong with the scenarios that did not pass, short enough to read. */
const report = (results: Result[]): string =>
  results
    .filter((result) => !result.pass)
    .map((result) => [`${result.kind} ${result.id}`, ...failureLines(result).slice(0, 6)].join('\n    '))
    .join('\n  ');

/** Which part of the steps agrees, in each family. A scenario that differs by decision does so in a few of its steps. */
function sharesOfSteps(results: readonly Result[]): Readonly<Record<string, number>> {
  const families = new Set(results.map(({ family }) => family));
  const share = (family: string): number => {
    const mine = results.filter((result) => result.family === family) as readonly { steps?: number; passed?: number }[];
    const sum = (of: 'steps' | 'passed'): number => mine.reduce((total, result) => total + (result[of] ?? 0), 0);
    return sum('passed') / sum('steps');
  };
  return Object.fromEntries([...families].map((family) => [family, share(family)]));
}

const compatibility = readFileSync(new URL('../../docs/compatibility.md', import.meta.url), 'utf8');

/** Decided differences that only show when a check is faster than the next request. */
const timed = ['http agent/sidecar'];

describe('the recordings of a running Consul 1.21', () => {
  let executable: ReturnType<typeof wrapperExecutable>;
  let agentFile: string;
  beforeAll(async () => {
    executable = wrapperExecutable();
    agentFile = await bundleAgent();
  });
  afterAll(() => executable.remove());

  it('are sorted into scope.json as their steps say', () => {
    expect(scope).toEqual(classify());
  });

  it.each(['http', 'xds'])(
    'over %s are met by every scenario in scope but those that decisions.json gives a reason for',
    async (kind) => {
      const items = scenarios(kind).filter((item) => item.inScope);
      expect(items.length).toBeGreaterThan(50);
      const results = await playAll(executable.path, items, { jobs: 3, newHost: () => new AgentHost(agentFile) });
      const decided = (result: Result): boolean => Object.hasOwn(decisions, `${result.kind} ${result.id}`);
      const unexplained = report(results.filter((result) => !decided(result)));
      expect(unexplained, unexplained).toBe('');
      const isTimed = ({ id }: Result): boolean => timed.includes(`${kind} ${id}`);
      const idle = results.filter((result) => result.pass && decided(result) && !isTimed(result));
      expect(idle.map(({ id }) => id)).toEqual([]);
      if (kind === 'xds') return;
      const shares = sharesOfSteps(results);
      const below = Object.entries(shares).filter(([family, share]) => share < bounds[family as keyof typeof bounds]);
      expect(new Set(Object.keys(bounds))).toEqual(new Set(Object.keys(shares)));
      expect(below, JSON.stringify(shares)).toEqual([]);
    },
    600_000,
  );

  it('have few decisions against them, each about a scenario in scope', () => {
    const inScope = [...scope.http.inScope.map((id) => `http ${id}`), ...scope.xds.inScope.map((id) => `xds ${id}`)];
    expect(Object.keys(decisions).filter((id) => !inScope.includes(id))).toEqual([]);
    expect(Object.keys(decisions).length / inScope.length).toBeLessThan(0.11);
    const isTraffic = (id: string): boolean => /^(xds |http (config|chain|intention)\/)/.test(id);
    const traffic = inScope.filter(isTraffic);
    expect(Object.keys(decisions).filter(isTraffic).length / traffic.length).toBeLessThan(0.053);
    // Each rests on a decision that docs/compatibility.md quotes.
    const [, table = ''] = compatibility.split('## What the scenarios of traffic rest on');
    const quoted = table.split('\n## ')[0]?.matchAll(/^\| (`.*`) \|/gm) ?? [];
    const resting = new Set([...quoted].flatMap(([, ids = '']) => ids.split(', ').map((id) => id.replaceAll('`', ''))));
    const differing = Object.keys(decisions)
      .filter(isTraffic)
      .map((id) => id.replace(/^\w+ /, ''));
    expect([...resting].sort()).toEqual(differing.sort());
  });
});
