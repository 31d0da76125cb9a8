import { type Cell, type CheckRecord, type CheckStatus, serviceKey } from '../../model/index.js';
import { worstStatus } from '../health/index.js';

/** How many things of a name there are, and how many of them are how well. */
export interface HealthTally {
  readonly name: string;
  readonly total: number;
  readonly passing: number;
  readonly warning: number;
  readonly critical: number;
}

export interface Overview {
  /** One line for all nodes. */
  readonly nodes: readonly HealthTally[];
  /** Instances, a line for each service. */
  readonly services: readonly HealthTally[];
  /** Checks, a line for each name of a check. */
  readonly checks: readonly HealthTally[];
}

/** How healthy everything is (consul-behaviour.md 1.14). Key: ''. */
export const overviewCell: Cell<Overview> = {
  kind: 'ui-overview',
  compute(view) {
    const checks = view.range('checks', 'all', []);
    const byInstance = new Map<string, CheckRecord[]>();
    for (const check of checks) {
      const key = serviceKey(check.node, check.serviceId);
      const known = byInstance.get(key);
      if (known === undefined) byInstance.set(key, [check]);
      else known.push(check);
    }
    const of = (node: string, id: string): readonly CheckRecord[] => byInstance.get(serviceKey(node, id)) ?? [];
    const services = view.range('services', 'all', []);
    return {
      nodes: tallies(view.range('nodes', 'all', []).map(({ node }) => ['', worstStatus(of(node, ''))])),
      services: tallies(
        services.map(({ node, id, service }) => [service, worstStatus([...of(node, ''), ...of(node, id)])]),
      ),
      checks: tallies(checks.map(({ name, status }) => [name, status])),
    };
  },
};

function tallies(found: readonly (readonly [name: string, status: CheckStatus])[]): readonly HealthTally[] {
  const counts = new Map<string, Record<CheckStatus, number>>();
  for (const [name, status] of found) {
    const count = counts.get(name) ?? { passing: 0, warning: 0, critical: 0 };
    count[status] += 1;
    counts.set(name, count);
  }
  return [...counts]
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .map(([name, count]) => ({ name, total: count.passing + count.warning + count.critical, ...count }));
}
