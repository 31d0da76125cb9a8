import { describe, expect, it } from 'vitest';
import type { CheckResult } from '../../../src/agent/checks/check-runner.js';
import { createTtlRunner } from '../../../src/agent/checks/ttl.js';
import { ManualClock } from '../support/manual-clock.js';

function rig(firstMs = 10_000) {
  const clock = new ManualClock();
  const results: CheckResult[] = [];
  const runner = createTtlRunner(clock, { ttlMs: 10_000, firstTtlMs: firstMs, output: '' }, (result) =>
    results.push(result),
  );
  runner.start();
  return { clock, results, runner };
}

describe('a TTL check', () => {
  it('turns critical when nobody reports in time', async () => {
    const { clock, results } = rig();
    await clock.advance(9_999);
    expect(results).toEqual([]);
    await clock.advance(1);
    expect(results).toEqual([{ status: 'critical', output: 'TTL expired' }]);
  });

  it('lives on with each report, and keeps the last output readable when it expires', async () => {
    const { clock, results, runner } = rig();
    await clock.advance(9_000);
    runner.update({ status: 'passing', output: 'all good' });
    await clock.advance(9_999);
    expect(results.at(-1)).toEqual({ status: 'passing', output: 'all good' });
    await clock.advance(1);
    expect(results.at(-1)).toEqual({
      status: 'critical',
      output: 'TTL expired (last output before timeout follows): all good',
    });
  });

  it('goes on with what was left of it before a restart', async () => {
    const { clock, results } = rig(500);
    await clock.advance(500);
    expect(results).toHaveLength(1);
  });

  it('says nothing after it was stopped', async () => {
    const { clock, results, runner } = rig();
    runner.stop();
    await clock.advance(60_000);
    expect(results).toEqual([]);
  });
});
