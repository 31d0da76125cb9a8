import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { wrapperExecutable } from '../../scripts/lib/executable.mjs';
import { classify } from './classify.mjs';
import { REQUIRED, failureLines, playAll, rateInScope, scenarios } from './index.mjs';
import scope from './scope.json' with { type: 'json' };

type Result = Awaited<ReturnType<typeof playAll>>[number];

/** What is wrong with the scenarios that did not pass, short enough to read. */
const report = (results: Result[]): string =>
  results
    .filter((result) => !result.pass)
    .map((result) => [`${result.kind} ${result.id}`, ...failureLines(result).slice(0, 6)].join('\n    '))
    .join('\n  ');

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
    'over %s are met by at least 95 %% of the scenarios in scope',
    async (kind) => {
      const items = scenarios(kind).filter((item) => item.inScope);
      expect(items.length).toBeGreaterThan(50);
      const results = await playAll(executable.path, items, { jobs: 2 });
      const failed = report(results);
      if (failed) console.log(`${kind}: not as recorded:\n  ${failed}`);
      expect(rateInScope(results, kind), failed).toBeGreaterThanOrEqual(REQUIRED);
    },
    600_000,
  );
});
