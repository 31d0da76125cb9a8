import type { MeshView } from '../../model/index.js';
import { entryOf } from '../discovery-chain/index.js';

/** A service that others may use, and the peers that may, by name. */
export interface ExportedService {
  readonly service: string;
  readonly peers: readonly string[];
}

/** The agent's own service; no wildcard means it. */
const CONTROL_PLANE = 'consul';

/**
 * What is exported, by name of the service (consul-behaviour 1.12): rules about one service and those about all of them add up. A
 * wildcard stands for every name that has a plain instance.
 */
export function exportedServices(view: MeshView): readonly ExportedService[] {
  const peersByService = new Map<string, Set<string>>();
  for (const { name, consumers } of entryOf(view, 'exported-services', 'default')?.services ?? []) {
    const peers = consumers.map(({ peer }) => peer);
    for (const service of name === '*' ? plainServices(view) : [name]) {
      const known = peersByService.get(service) ?? new Set<string>();
      for (const peer of peers) known.add(peer);
      peersByService.set(service, known);
    }
  }
  return [...peersByService]
    .map(([service, peers]) => ({ service, peers: [...peers].sort() }))
    .sort((left, right) => (left.service < right.service ? -1 : 1));
}

/** Whether anybody outside may use a service. */
export function isExported(view: MeshView, service: string): boolean {
  return (entryOf(view, 'exported-services', 'default')?.services ?? []).some(
    ({ name }) => name === service || (name === '*' && service !== CONTROL_PLANE),
  );
}

function plainServices(view: MeshView): ReadonlySet<string> {
  const names = new Set(view.range('services', 'byKind', ['']).map(({ service }) => service));
  names.delete(CONTROL_PLANE);
  return names;
}
