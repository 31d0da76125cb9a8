import type { Cell, CheckRecord } from '../../model/index.js';
import { nodeKey } from '../../model/index.js';

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

type Status = CheckRecord['status'];

/** How healthy everything is (consul-behaviour.md 1.14). Key: ''. */
export const overviewCell: Cell<Overview> = {
  kind: 'ui-overview',
  compute(view) {
    const checks = view.range('checks', 'all', []);
    const byInstance = new Map<string, CheckRecord[]>();
    for (const check of checks) {
      const key = instanceKey(check.node, check.serviceId);
      byInstance.set(key, [...(byInstance.get(key) ?? []), check]);
    }
    const of = (node: string, id: string): readonly CheckRecord[] => byInstance.get(instanceKey(node, id)) ?? [];
    const services = view.range('services', 'all', []);
    return {
      nodes: tallies(view.range('nodes', 'all', []).map(({ node }) => ['', worst(of(node, ''))])),
      services: tallies(services.map(({ node, id, service }) => [service, worst([...of(node, ''), ...of(node, id)])])),
      checks: tallies(checks.map(({ name, status }) => [name, status])),
    };
  },
};

const instanceKey = (node: string, serviceId: string): string => `${nodeKey(node)}\n${serviceId}`;

function worst(checks: readonly CheckRecord[]): Status {
  for (const status of ['critical', 'warning'] as const)
    if (checks.some((check) => check.status === status)) return status;
  return 'passing';
}

function tallies(found: readonly (readonly [name: string, status: Status])[]): readonly HealthTally[] {
  const counts = new Map<string, Record<Status, number>>();
  for (const [name, status] of found) {
    const count = counts.get(name) ?? { passing: 0, warning: 0, critical: 0 };
    count[status] += 1;
    counts.set(name, count);
  }
  return [...counts]
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .map(([name, count]) => ({ name, total: count.passing + count.warning + count.critical, ...count }));
}
