import { linkedServices } from '../../mesh/gateways/index.js';
import type { Transaction } from '../../state/index.js';
import { refreshGatewayLinks, refreshWildcardGateways } from '../catalog/index.js';
import type { EntryChange } from './affected-services.js';

/** The services that the gateways of an entry lead to before a change of it; none for entries of other kinds. */
export function linksBefore(transaction: Transaction, { kind, name }: EntryChange): readonly string[] {
  return kind === 'terminating-gateway' ? linkedServices(transaction, name) : [];
}

/**
 * Brings virtual IPs and the addresses of gateways in line with a changed entry (consul-behaviour 6.17): what a terminating gateway
 * leads to, and services outside the mesh that service-defaults give an address to.
 */
export function relink(transaction: Transaction, { kind, name }: EntryChange, before: readonly string[]): void {
  if (kind === 'terminating-gateway') refreshGatewayLinks(transaction, name, before);
  if (kind === 'service-defaults') refreshWildcardGateways(transaction, name);
}
