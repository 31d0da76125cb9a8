import { tupleKey, tupleParts } from '../../core/index.js';
import { type Cell, type CheckRecord, nodeKey, serviceKey } from '../../model/index.js';
import type { StateStore } from '../../state/index.js';
import type { CheckResult, CheckRunner, CheckSink } from './check-runner.js';

/** The server's own check of a node. The agent that asks is alive; another node may not be. */
const SERF_HEALTH = 'serfHealth';
const SEVERITY = { passing: 0, warning: 1, critical: 2 } as const;

/** The health of (node, service id) as an alias sees it; an empty service id means the node itself. */
const aliasedHealthCell: Cell<CheckResult> = {
  kind: 'aliased-health',
  compute(view, key) {
    const [node = '', serviceId = '', own = '', remote = ''] = tupleParts(key);
    if (serviceId !== '' && view.get('services', serviceKey(node, serviceId)) === undefined)
      return { status: 'critical', output: `Service ${serviceId} could not be found on node ${node}` };
    const onNode = view
      .range('checks', 'byInstance', [nodeKey(node), ''])
      .filter((check) => remote !== '' || check.checkId !== SERF_HEALTH);
    const onService = serviceId === '' ? [] : view.range('checks', 'byInstance', [nodeKey(node), serviceId]);
    return worst([...onNode, ...onService].filter((check) => remote !== '' || check.checkId !== own));
  },
};

function worst(checks: readonly CheckRecord[]): CheckResult {
  if (checks.length === 0) return { status: 'passing', output: 'No checks found.' };
  const [first, ...rest] = checks as [CheckRecord, ...CheckRecord[]];
  const found = rest.reduce((bad, check) => (SEVERITY[check.status] > SEVERITY[bad.status] ? check : bad), first);
  if (found.status === 'passing') return { status: 'passing', output: 'All checks passing.' };
  return { status: found.status, output: `Aliased check "${found.name}" failing: ${found.output}` };
}

export interface Aliased {
  readonly node: string;
  /** Empty = the node itself. */
  readonly serviceId: string;
  /** Another node than that of the agent. */
  readonly isRemote: boolean;
  /** The check that mirrors; it does not look at itself. */
  readonly ownId: string;
}

/** Mirrors the worst check of a service (or node) in the catalog, whatever node it is on. */
export function createAliasRunner(
  store: StateStore,
  { node, serviceId, isRemote, ownId }: Aliased,
  sink: CheckSink,
): CheckRunner {
  let unsubscribe = (): void => undefined;
  return {
    type: 'alias',
    start() {
      unsubscribe = store.subscribe(
        aliasedHealthCell,
        tupleKey(node, serviceId, ownId, isRemote ? 'remote' : ''),
        (result) => sink(result),
      );
    },
    stop: () => unsubscribe(),
  };
}
