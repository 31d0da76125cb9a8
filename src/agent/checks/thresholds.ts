import type { CheckStatus } from '../../model/index.js';
import { type CheckResult, type CheckSink, SEVERITY } from './check-runner.js';

export interface Thresholds {
  readonly successBeforePassing: number;
  readonly failuresBeforeWarning: number;
  readonly failuresBeforeCritical: number;
}

/**
 * Passes results on only after enough of them in a row (consul-behaviour 2.5): a warning counts as a success; before the
 * critical threshold is reached failures may show a warning. Numbers are counts of further results; 0 = at once.
 */
export function withThresholds(initial: CheckStatus, thresholds: Thresholds, sink: CheckSink): CheckSink {
  const warningAfter = thresholds.failuresBeforeWarning || thresholds.failuresBeforeCritical;
  let current = initial;
  let successes = 0;
  let failures = 0;
  const report = (result: CheckResult): void => {
    current = result.status;
    sink(result);
  };
  return (result) => {
    if (result.status !== 'critical') {
      failures = 0;
      successes++;
      const isImprovement = SEVERITY[result.status] < SEVERITY[current];
      if (!isImprovement || successes >= thresholds.successBeforePassing) report(result);
      return;
    }
    successes = 0;
    failures++;
    if (failures >= thresholds.failuresBeforeCritical) report(result);
    else if (failures >= warningAfter) report({ ...result, status: 'warning' });
    else report({ ...result, status: current });
  };
}
