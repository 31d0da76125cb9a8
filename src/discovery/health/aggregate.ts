import type { CheckRecord, CheckStatus } from '../../model/index.js';

export type AggregatedStatus = CheckStatus | 'maintenance';

const NODE_MAINTENANCE = '_node_maintenance';
const SERVICE_MAINTENANCE = '_service_maintenance:';

/** The worst of some checks: maintenance > critical > warning > passing; no checks = passing (consul-behaviour.md 1.2). */
export function aggregateStatus(checks: readonly Pick<CheckRecord, 'checkId' | 'status'>[]): AggregatedStatus {
  const isMaintenance = ({ checkId }: Pick<CheckRecord, 'checkId'>): boolean =>
    checkId === NODE_MAINTENANCE || checkId.startsWith(SERVICE_MAINTENANCE);
  return checks.some(isMaintenance) ? 'maintenance' : worstStatus(checks);
}

/** The worst of some checks, whatever they say: critical > warning > passing; no checks = passing. */
export function worstStatus(checks: readonly Pick<CheckRecord, 'status'>[]): CheckStatus {
  if (checks.some(({ status }) => status === 'critical')) return 'critical';
  return checks.some(({ status }) => status === 'warning') ? 'warning' : 'passing';
}

/** Whether an instance counts for `?passing`: every node and service check passes. */
export function isPassing(checks: readonly Pick<CheckRecord, 'status'>[]): boolean {
  return checks.every(({ status }) => status === 'passing');
}
