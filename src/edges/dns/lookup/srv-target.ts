import { nodeName } from './address-records.js';
import type { DnsInstance } from './instance.js';

/**
 * What SRV says of where an instance is: a host elsewhere by its name, an instance at its node by the node's, any other by a name that
 * spells its address.
 */
export function srvTarget(
  { datacenter, domain }: { readonly datacenter: string; readonly domain: string },
  { address, isAtNode, nodeLabels }: DnsInstance,
): { readonly name: string; readonly isNode: boolean } {
  if (address.type === 'host') return { name: address.name, isNode: false };
  const node = isAtNode ? nodeName(nodeLabels, datacenter, domain) : undefined;
  return node === undefined
    ? { name: `${address.hex}.addr.${datacenter}.${domain}`, isNode: false }
    : { name: node, isNode: true };
}
