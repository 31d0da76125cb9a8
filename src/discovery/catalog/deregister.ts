import { AppError } from '../../core/index.js';
import { checkKey, coordinateKey, nodeKey, serviceKey } from '../../model/index.js';
import type { CommitResult, StateStore, Transaction } from '../../state/index.js';
import { endSessionsOfCheck, endSessionsOfNode } from '../sessions/index.js';
import { connectName } from './connect-name.js';
import { refreshWildcardGateways } from './gateway-addresses.js';
import type { CatalogDeregistration } from './registration.js';
import { releaseVirtualIpIfUnused } from './virtual-ip.js';

/** Deregisters in a transaction of its own; see `applyDeregistration`. */
export function deregisterFromCatalog(
  store: StateStore,
  deregistration: CatalogDeregistration,
): Promise<CommitResult<void>> {
  return store.transact('catalog-deregister', (transaction) => applyDeregistration(transaction, deregistration));
}

/** Removes a service with its checks, a check, or a whole node; what is not there is no error (consul-behaviour.md 1.3). */
export function applyDeregistration(transaction: Transaction, deregistration: CatalogDeregistration): void {
  const { node, serviceId, checkId } = deregistration;
  if (node === '') throw new AppError('invalidArgument', 'Must provide node: the field "Node" is empty');
  if (serviceId !== '') removeService(transaction, node, serviceId);
  else if (checkId !== '') removeCheck(transaction, node, checkId);
  else removeNode(transaction, node);
}

/** Removes a node, its services, its checks and its place in the network; its sessions end. */
export function removeNode(transaction: Transaction, node: string): void {
  for (const service of transaction.range('services', 'byNode', [nodeKey(node)]))
    removeService(transaction, node, service.id);
  for (const check of transaction.range('checks', 'byNode', [nodeKey(node)]))
    transaction.delete('checks', checkKey(node, check.checkId));
  for (const { segment } of transaction.range('coordinates', 'byNode', [nodeKey(node)]))
    transaction.delete('coordinates', coordinateKey(node, segment));
  if (transaction.get('nodes', nodeKey(node)) !== undefined) transaction.delete('nodes', nodeKey(node));
  endSessionsOfNode(transaction, node);
}

/** Removes a check; the sessions that depend on it end. */
function removeCheck(transaction: Transaction, node: string, checkId: string): void {
  if (transaction.get('checks', checkKey(node, checkId)) !== undefined)
    transaction.delete('checks', checkKey(node, checkId));
  endSessionsOfCheck(transaction, node, checkId);
}

/** Removes a service instance and its checks; hands its virtual IP back when nothing else needs it. */
export function removeService(transaction: Transaction, node: string, serviceId: string): void {
  const known = transaction.get('services', serviceKey(node, serviceId));
  if (known === undefined) return;
  for (const check of transaction.range('checks', 'byInstance', [nodeKey(node), serviceId]))
    removeCheck(transaction, node, check.checkId);
  transaction.delete('services', serviceKey(node, serviceId));
  const meshName = connectName(known);
  if (meshName !== undefined) releaseVirtualIpIfUnused(transaction, meshName);
  for (const name of [known.service, ...(meshName === undefined ? [] : [meshName])])
    refreshWildcardGateways(transaction, name);
}
