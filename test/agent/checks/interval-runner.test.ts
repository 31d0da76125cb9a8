import { describe, expect, it } from 'vitest';
import type { CheckResult } from '../../../src/agent/checks/check-runner.js';
import { createIntervalRunner } from '../../../src/agent/checks/interval-runner.js';
import { ManualClock } from '../support/manual-clock.js';

const passing: CheckResult = { status: 'passing', output: 'ok' };
const critical: CheckResult = { status: 'critical', output: 'down' };

function rig(answer: (look: number) => CheckResult | Promise<CheckResult>, intervalMs = 10_000) {
  const clock = new ManualClock();
  const start = clock.now();
  const looks: number[] = [];
  const results: CheckResult[] = [];
  const runner = createIntervalRunner(
    clock,
    { intervalMs, timeoutMs: 3000, firstDelayMs: 0 },
    async () => {
      looks.push(clock.now() - start);
      return answer(looks.length);
    },
    (result) => results.push(result),
  );
  runner.start();
  return { clock, looks, results, runner };
}

describe('a check that runs at intervals', () => {
  it('looks at once and then once an interval', async () => {
    const { clock, looks } = rig(() => passing);
    await clock.advance(25_000);
    expect(looks).toEqual([0, 10_000, 20_000]);
  });

  it('looks sooner until it has passed once: after 0.5 s, twice as late each time, up to the interval', async () => {
    const { clock, looks } = rig((look) => (look < 4 ? critical : passing));
    await clock.advance(14_000);
    expect(looks).toEqual([0, 500, 1500, 3500, 13_500]);
  });

  it('keeps to its interval when it fails later', async () => {
    const { clock, looks } = rig((look) => (look === 1 ? passing : critical));
    await clock.advance(30_000);
    expect(looks).toEqual([0, 10_000, 20_000, 30_000]);
  });

  it('never overlaps: a look that takes longer than the interval delays the next one', async () => {
    let finish = (_result: CheckResult): void => undefined;
    const { clock, looks } = rig((look) =>
      look === 1
        ? new Promise<CheckResult>((resolve) => {
            finish = resolve;
          })
        : passing,
    );
    await clock.advance(15_000);
    expect(looks).toEqual([0]);
    finish(passing);
    await clock.advance(1);
    expect(looks).toEqual([0, 15_000]);
  });

  it('says nothing after it was stopped, and leaves no timer behind', async () => {
    const { clock, results, runner } = rig(() => passing);
    await clock.advance(1);
    runner.stop();
    await clock.advance(60_000);
    expect(results).toHaveLength(1);
    expect(clock.pending).toBe(0);
  });

  it('never looks more often than once a second, whatever the interval says', async () => {
    const { clock, looks } = rig(() => passing, 10);
    await clock.advance(2500);
    expect(looks).toEqual([0, 1000, 2000]);
  });
});
