import { AppError } from '../../core/index.js';
import { compileAnywhere, entryOf, isHttpLike, protocolOf } from '../../mesh/discovery-chain/index.js';
import type { MeshView } from '../../model/index.js';
import { type EntryChange, affectedServices, changesChains, servicesWithEntries } from './affected-services.js';
import { type ExportedTargets, checkExports, exportedTcpTargets } from './export-rules.js';
import { checkIngressProtocols } from './ingress-rules.js';
import { checkTokenProviders } from './token-rules.js';

/** What the checks have to know of the state before a write. */
export interface GraphBefore {
  readonly services: readonly string[];
  readonly exportedTargets: ExportedTargets;
}

/** To be taken before an entry is written or deleted. */
export function graphBefore(view: MeshView, change: EntryChange): GraphBefore {
  const services = affectedServices(view, change);
  return { services, exportedTargets: exportedTcpTargets(view, services) };
}

/**
 * Refuses a state in which an entry that was just written or deleted breaks a chain, or intentions look at requests of a service
 * that has none, or ask for tokens that nobody issues (consul-behaviour 4.12). `view` shows the state as it would be. Throws AppError('invalidArgument').
 */
export function checkGraph(view: MeshView, change: EntryChange, before: GraphBefore): void {
  // Who leads to a service is decided by other entries, or by the one that is written, which is its own chain's.
  for (const service of before.services) {
    const result = compileAnywhere(view, service);
    if (!result.ok) throw new AppError('invalidArgument', result.problem);
  }
  for (const destination of destinationsToCheck(view, change)) checkPermissions(view, destination);
  const exported = change.kind === 'exported-services' ? servicesWithEntries(view) : before.services;
  checkExports(view, exported, before.exportedTargets);
  checkTokenProviders(view, change);
  checkIngressProtocols(view, change, before.services);
}

function destinationsToCheck(view: MeshView, change: EntryChange): readonly string[] {
  if (change.kind === 'service-intentions') return [change.name];
  if (!changesChains(change)) return [];
  if (change.kind === 'service-defaults') return [change.name];
  if (change.kind !== 'proxy-defaults') return [];
  return view.range('config-entries', 'byKind', ['service-intentions']).map(({ entry }) => entry.name);
}

function checkPermissions(view: MeshView, destination: string): void {
  const sources = entryOf(view, 'service-intentions', destination)?.sources ?? [];
  const protocol = protocolOf(view, destination);
  const position = sources.findIndex((source) => source.permissions.length > 0);
  if (position === -1 || isHttpLike(protocol)) return;
  throw new AppError(
    'invalidArgument',
    `service-intentions/${destination} Sources[${position}].Permissions: service "${destination}" has protocol "${protocol}", which is incompatible with L7 intentions permissions`,
  );
}
