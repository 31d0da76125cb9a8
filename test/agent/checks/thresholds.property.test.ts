import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { withThresholds } from '../../../src/agent/checks/thresholds.js';
import type { CheckStatus } from '../../../src/model/index.js';

const status = fc.constantFrom<CheckStatus>('passing', 'warning', 'critical');
const thresholds = fc
  .record({
    successBeforePassing: fc.nat(5),
    failuresBeforeWarning: fc.nat(5),
    failuresBeforeCritical: fc.nat(5),
  })
  .filter((given) => given.failuresBeforeWarning <= given.failuresBeforeCritical);
const SEVERITY = { passing: 0, warning: 1, critical: 2 };

/** The status after each result. */
function history(initial: CheckStatus, limits: Parameters<typeof withThresholds>[1], found: readonly CheckStatus[]) {
  let current = initial;
  const sink = withThresholds(initial, limits, (result) => {
    current = result.status;
  });
  return found.map((next) => {
    sink({ status: next, output: '' });
    return current;
  });
}

describe('thresholds, whatever comes', () => {
  it('let nothing get better before enough successes in a row', () => {
    fc.assert(
      fc.property(status, thresholds, fc.array(status, { maxLength: 30 }), (initial, limits, found) => {
        const shown = history(initial, limits, found);
        shown.forEach((now, at) => {
          const before = shown[at - 1] ?? initial;
          if (SEVERITY[now] >= SEVERITY[before] || found[at] === 'critical') return;
          const inRow = found
            .slice(0, at + 1)
            .reverse()
            .findIndex((one) => one === 'critical');
          expect(inRow === -1 ? at + 1 : inRow).toBeGreaterThanOrEqual(limits.successBeforePassing);
        });
      }),
    );
  });

  it('let nothing become critical before enough failures in a row, and then always', () => {
    fc.assert(
      fc.property(status, thresholds, fc.array(status, { maxLength: 30 }), (initial, limits, found) => {
        const shown = history(initial, limits, found);
        shown.forEach((now, at) => {
          const before = shown[at - 1] ?? initial;
          const end = found
            .slice(0, at + 1)
            .reverse()
            .findIndex((one) => one !== 'critical');
          const failures = end === -1 ? at + 1 : end;
          if (now === 'critical' && before !== 'critical')
            expect(failures).toBeGreaterThanOrEqual(Math.max(limits.failuresBeforeCritical, 1));
          if (failures >= Math.max(limits.failuresBeforeCritical, 1)) expect(now).toBe('critical');
        });
      }),
    );
  });

  it('without numbers show each result as it is', () => {
    const none = { successBeforePassing: 0, failuresBeforeWarning: 0, failuresBeforeCritical: 0 };
    fc.assert(
      fc.property(status, fc.array(status), (initial, found) => {
        expect(history(initial, none, found)).toEqual(found);
      }),
    );
  });
});
