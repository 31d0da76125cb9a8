import { describe, expect, it } from 'vitest';
import { withThresholds } from '../../../src/agent/checks/thresholds.js';
import type { CheckStatus } from '../../../src/model/index.js';

function shown(
  initial: CheckStatus,
  limits: Partial<Record<'passing' | 'warning' | 'critical', number>>,
  found: readonly CheckStatus[],
): CheckStatus[] {
  const statuses: CheckStatus[] = [];
  const thresholds = {
    successBeforePassing: limits.passing ?? 0,
    failuresBeforeWarning: limits.warning ?? 0,
    failuresBeforeCritical: limits.critical ?? 0,
  };
  const report = withThresholds(initial, thresholds, ({ status }) => statuses.push(status));
  for (const status of found) report({ status, output: '' });
  return statuses;
}

describe('thresholds of a check', () => {
  it('change the status at once when there are none', () => {
    expect(shown('critical', {}, ['passing', 'critical', 'warning'])).toEqual(['passing', 'critical', 'warning']);
  });

  it('keep a check critical until it has passed often enough in a row', () => {
    expect(shown('critical', { passing: 3 }, ['passing', 'passing', 'passing'])).toEqual(['passing']);
    expect(shown('critical', { passing: 2 }, ['passing', 'critical', 'passing', 'passing'])).toEqual([
      'critical',
      'passing',
    ]);
  });

  it('show a warning between the first failures and the critical one', () => {
    expect(shown('passing', { warning: 1, critical: 3 }, ['critical', 'critical', 'critical'])).toEqual([
      'warning',
      'warning',
      'critical',
    ]);
  });

  it('count failures in a row only', () => {
    expect(shown('passing', { critical: 2 }, ['critical', 'passing', 'critical', 'passing'])).not.toContain('critical');
  });

  it('take a warning as a success', () => {
    expect(shown('critical', {}, ['warning'])).toEqual(['warning']);
  });
});
