import { AppError } from '../../core/index.js';
import { compileChain, entryOf, isHttpLike, protocolOf } from '../../mesh/discovery-chain/index.js';
import type { ConfigEntryKind, MeshView } from '../../model/index.js';
import { affectedServices } from './affected-services.js';

/** Chains are checked where this server is; which datacenter that is makes no difference to what is wrong with them. */
const CHECKED_IN = 'dc1';

/**
 * Refuses a state in which an entry that was just written or deleted breaks a chain, or intentions look at requests of a service
 * that has none (consul-behaviour 4.12). `view` shows the state as it would be. Throws AppError('invalidArgument').
 */
export function checkGraph(view: MeshView, kind: ConfigEntryKind, name: string): void {
  for (const service of affectedServices(view, kind, name)) {
    const result = compileChain(view, { service, evaluateInDatacenter: CHECKED_IN, overrides: {} });
    if (!result.ok) throw new AppError('invalidArgument', result.problem);
  }
  for (const destination of destinationsToCheck(view, kind, name)) checkPermissions(view, destination);
}

function destinationsToCheck(view: MeshView, kind: ConfigEntryKind, name: string): readonly string[] {
  if (kind === 'service-intentions' || kind === 'service-defaults') return [name];
  if (kind !== 'proxy-defaults') return [];
  return view.range('config-entries', 'byKind', ['service-intentions']).map(({ entry }) => entry.name);
}

function checkPermissions(view: MeshView, destination: string): void {
  const sources = entryOf(view, 'service-intentions', destination)?.sources ?? [];
  const protocol = protocolOf(view, destination);
  if (isHttpLike(protocol) || sources.every((source) => source.permissions.length === 0)) return;
  throw new AppError(
    'invalidArgument',
    `service "${destination}" has protocol "${protocol}", which is incompatible with L7 intentions permissions`,
  );
}
