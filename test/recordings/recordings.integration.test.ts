import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { wrapperExecutable } from '../../scripts/lib/executable.mjs';
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

/** Which part of the steps agrees. A scenario that differs by decision does so in a few of its steps. */
function shareOfSteps(results: readonly { readonly steps?: number; readonly passed?: number }[]): number {
  const sum = (of: 'steps' | 'passed'): number => results.reduce((total, result) => total + (result[of] ?? 0), 0);
  return sum('passed') / sum('steps');
}

describe('the recordings of a running Consul 1.21', () => {
  let executable: ReturnType<typeof wrapperExecutable>;
  beforeAll(() => {
    executable = wrapperExecutable();
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
      const results = await playAll(executable.path, items, { jobs: 2 });
      const decided = (result: Result): boolean => Object.hasOwn(decisions, `${result.kind} ${result.id}`);
      const unexplained = report(results.filter((result) => !decided(result)));
      expect(unexplained, unexplained).toBe('');
      expect(results.filter((result) => result.pass && decided(result)).map(({ id }) => id)).toEqual([]);
      if (kind === 'http') expect(shareOfSteps(results)).toBeGreaterThan(0.94);
    },
    600_000,
  );

  it('have few decisions against them, each about a scenario in scope', () => {
    const inScope = [...scope.http.inScope.map((id) => `http ${id}`), ...scope.xds.inScope.map((id) => `xds ${id}`)];
    expect(Object.keys(decisions).filter((id) => !inScope.includes(id))).toEqual([]);
    expect(Object.keys(decisions).length / inScope.length).toBeLessThan(0.11);
  });
});
