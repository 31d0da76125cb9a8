import { gatewayInstances, linkedServices } from '../../mesh/gateways/index.js';
import type { MeshView, ServiceRecord } from '../../model/index.js';
import type { Transaction } from '../../state/index.js';
import { ensureVirtualIp, releaseVirtualIpIfUnused } from './virtual-ip.js';

/** Tagged addresses `consul-virtual:<service>` of a terminating gateway carry the virtual IPs of the services it leads to. */
const PREFIX = 'consul-virtual:';

type TaggedAddresses = ServiceRecord['taggedAddresses'];

/**
 * The tagged addresses of a terminating gateway, those of the services it leads to written anew (consul-behaviour 6.17); each of
 * these services has a virtual IP from now on.
 */
export function withLinkedAddresses(
  transaction: Transaction,
  gateway: Pick<ServiceRecord, 'service' | 'port' | 'taggedAddresses'>,
): TaggedAddresses {
  const own = Object.entries(gateway.taggedAddresses).filter(([tag]) => !tag.startsWith(PREFIX));
  const linked = linkedServices(transaction, gateway.service).map((service) => {
    const address = ensureVirtualIp(transaction, service);
    return [`${PREFIX}${service}`, { address, port: gateway.port }] as const;
  });
  return Object.fromEntries([...own, ...linked]);
}

/**
 * After a change of what a terminating gateway leads to: virtual IPs for all of it, and its instances say so. Those of services
 * that it no longer leads to (`before`) go back when nothing else needs them.
 */
export function refreshGatewayLinks(transaction: Transaction, gateway: string, before: readonly string[]): void {
  const linked = linkedServices(transaction, gateway);
  for (const service of linked) ensureVirtualIp(transaction, service);
  for (const { createIndex: _created, modifyIndex: _modified, ...instance } of gatewayInstances(transaction, gateway))
    transaction.put('services', { ...instance, taggedAddresses: withLinkedAddresses(transaction, instance) });
  for (const service of before) if (!linked.includes(service)) releaseVirtualIpIfUnused(transaction, service);
}

/** After a service came, went or joined the mesh: the gateways for every service lead to it, or no longer do. */
export function refreshWildcardGateways(transaction: Transaction, service: string): void {
  const gateways = wildcardGateways(transaction);
  for (const gateway of gateways) refreshGatewayLinks(transaction, gateway, [service]);
}

function wildcardGateways(view: MeshView): readonly string[] {
  return view.range('config-entries', 'byLinkedService', ['*']).map(({ entry }) => entry.name);
}
