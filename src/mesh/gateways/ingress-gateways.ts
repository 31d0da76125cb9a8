import type { Cell, IngressGatewayEntry, MeshView, ServiceRecord } from '../../model/index.js';
import { entryOf, protocolOf } from '../discovery-chain/index.js';
import { EVERY_SERVICE, isPlainService } from './plain-services.js';

/**
 * The ingress gateways that expose a service, by name: those whose entry names it, and those that expose every service of its
 * protocol, when it is plain. Sorted. Key: the service's name.
 */
export const exposingGatewaysCell: Cell<readonly string[]> = {
  kind: 'exposing-gateways',
  compute(view, service) {
    if (service === EVERY_SERVICE) return [];
    const all = gatewaysNaming(view, EVERY_SERVICE);
    const naming = gatewaysNaming(view, service).map(({ name }) => name);
    const exposing = all.length > 0 && isPlainService(view, service) ? all : [];
    const protocol = exposing.length > 0 ? protocolOf(view, service) : '';
    return [
      ...new Set([...naming, ...exposing.filter((entry) => isOpenTo(entry, protocol)).map(({ name }) => name)]),
    ].sort();
  },
};

/** The instances of the ingress gateways that expose a service, by gateway, node and id. */
export function exposingInstances(view: MeshView, service: string): readonly ServiceRecord[] {
  return view
    .cell(exposingGatewaysCell, service)
    .flatMap((gateway) => view.range('services', 'byName', [gateway]))
    .filter(({ kind }) => kind === 'ingress-gateway');
}

function gatewaysNaming(view: MeshView, service: string): readonly IngressGatewayEntry[] {
  return view
    .range('config-entries', 'byExposedService', [service])
    .flatMap(({ entry }) => entryOf(view, 'ingress-gateway', entry.name) ?? []);
}

/** Whether a wildcard stands at a listener of this protocol. */
function isOpenTo({ listeners }: IngressGatewayEntry, protocol: string): boolean {
  return (listeners ?? []).some(
    (listener) => listener.protocol === protocol && listener.services.some(({ name }) => name === EVERY_SERVICE),
  );
}
