import type { CheckStatus } from '../../model/index.js';
import { type CheckResult, type CheckRunner, type CheckSink, SEVERITY } from './check-runner.js';

export interface Aliased {
  readonly node: string;
  /** Empty = the node itself. */
  readonly serviceId: string;
}

/** What an alias looks at: the checks of the node and of the service, none of its own. */
export interface AliasedChecks {
  /** Whether there is such a service; of no meaning when only the node is looked at. */
  readonly isKnown: boolean;
  readonly checks: readonly { readonly name: string; readonly status: CheckStatus; readonly output: string }[];
}

/** The health of a service (or node) as an alias shows it: the worst of its checks. */
export function aliasedHealth({ node, serviceId }: Aliased, { isKnown, checks }: AliasedChecks): CheckResult {
  if (serviceId !== '' && !isKnown)
    return { status: 'critical', output: `Service ${serviceId} could not be found on node ${node}` };
  const [first, ...rest] = checks;
  if (first === undefined) return { status: 'passing', output: 'No checks found.' };
  const found = rest.reduce((bad, check) => (SEVERITY[check.status] > SEVERITY[bad.status] ? check : bad), first);
  if (found.status === 'passing') return { status: 'passing', output: 'All checks passing.' };
  return { status: found.status, output: `Aliased check "${found.name}" failing: ${found.output}` };
}

/** Mirrors what `watch` tells: at once, and at every change until it is ended. */
export function createAliasRunner(watch: (listener: CheckSink) => () => void, sink: CheckSink): CheckRunner {
  let end = (): void => undefined;
  return {
    start() {
      end = watch(sink);
    },
    stop: () => end(),
  };
}
