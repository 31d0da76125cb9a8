import { sortedTexts } from '../../core/index.js';
import type { Cell, MeshView, ServiceRecord } from '../../model/index.js';
import { entryOf } from '../discovery-chain/index.js';
import { EVERY_SERVICE, SERVERS, isPlainService, plainServicesCell } from './plain-services.js';

/**
 * The terminating gateways that lead to a service, by name: those whose entry names it, and those for every service when it is
 * not in the mesh itself (consul-behaviour 4.8). Sorted. Key: the service's name.
 */
export const linkedGatewaysCell: Cell<readonly string[]> = {
  kind: 'linked-gateways',
  compute(view, service) {
    const naming = gatewaysNaming(view, service);
    const all = gatewaysNaming(view, EVERY_SERVICE);
    const gateways = all.length > 0 && isOutsideMesh(view, service) ? [...naming, ...all] : naming;
    return sortedTexts(new Set(gateways));
  },
};

/** The instances of a terminating gateway, in order of node and id. */
export function gatewayInstances(view: MeshView, gateway: string): readonly ServiceRecord[] {
  return view.range('services', 'byName', [gateway]).filter(({ kind }) => kind === 'terminating-gateway');
}

/**
 * The instances that the mesh calls when it calls a service: its sidecars and native instances in order of node and id, then the
 * terminating gateways that lead to it.
 */
export function meshEndpoints(view: MeshView, service: string): readonly ServiceRecord[] {
  const own = view.range('services', 'byConnect', [service]);
  const gateways = view.cell(linkedGatewaysCell, service);
  return gateways.length === 0 ? own : [...own, ...gateways.flatMap((gateway) => gatewayInstances(view, gateway))];
}

const gatewaysNaming = (view: MeshView, service: string): readonly string[] =>
  view.range('config-entries', 'byLinkedService', [service]).map(({ entry }) => entry.name);

/** The services that a terminating gateway leads to, by name; sorted. */
export function linkedServices(view: MeshView, gateway: string): readonly string[] {
  const named = (entryOf(view, 'terminating-gateway', gateway)?.services ?? []).map(({ name }) => name);
  const others = named.includes(EVERY_SERVICE) ? outsideMesh(view) : [];
  return [...new Set([...named.filter((name) => name !== EVERY_SERVICE), ...others])].sort();
}

function outsideMesh(view: MeshView): readonly string[] {
  const plain = view.cell(plainServicesCell, '');
  const destinations = view.range('config-entries', 'byKind', ['service-defaults']).map(({ entry }) => entry.name);
  return [...new Set([...plain, ...destinations])].filter((service) => isOutsideMesh(view, service));
}

/** Whether a service is reached through gateways for every service: it has addresses, and nothing of it is in the mesh. */
function isOutsideMesh(view: MeshView, service: string): boolean {
  if (service === SERVERS || view.range('services', 'byConnect', [service]).length > 0) return false;
  if (entryOf(view, 'service-defaults', service)?.destination !== undefined) return true;
  return isPlainService(view, service);
}
