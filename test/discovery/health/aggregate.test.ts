import { describe, expect, test } from 'vitest';
import { aggregateStatus, isPassing } from '../../../src/discovery/health/index.js';
import type { CheckStatus } from '../../../src/model/index.js';

const checks = (...statuses: CheckStatus[]) => statuses.map((status, at) => ({ checkId: `c${at}`, status }));

describe('the health of several checks', () => {
  test('is that of the worst', () => {
    expect(aggregateStatus(checks())).toBe('passing');
    expect(aggregateStatus(checks('passing', 'warning'))).toBe('warning');
    expect(aggregateStatus(checks('warning', 'critical', 'passing'))).toBe('critical');
  });

  test.each(['_node_maintenance', '_service_maintenance:web'])('is maintenance when %s is there', (checkId) => {
    expect(aggregateStatus([...checks('critical'), { checkId, status: 'critical' }])).toBe('maintenance');
  });

  test('passes only when every check does', () => {
    expect([isPassing(checks()), isPassing(checks('passing')), isPassing(checks('passing', 'warning'))]).toEqual([
      true,
      true,
      false,
    ]);
  });
});
