import { AppError, meshNameProblem } from '../../core/index.js';
import { type Draft, type ServiceRecord, checkKey, nodeKey, SERF_HEALTH, serviceKey } from '../../model/index.js';
import { tagsProblem } from '../../model/definitions/index.js';
import type { CommitResult, StateStore, Transaction } from '../../state/index.js';
import { endSessionsOfCheck } from '../sessions/index.js';
import { checkName } from './check-name.js';
import { connectName } from './connect-name.js';
import { removeNode } from './deregister.js';
import { refreshWildcardGateways, withLinkedAddresses } from './gateway-addresses.js';
import type { CatalogRegistration, RegisteredCheck, RegisteredService } from './registration.js';
import { ensureVirtualIp, releaseVirtualIpIfUnused } from './virtual-ip.js';

/** The tagged address that carries the virtual IP of a mesh instance. */
const VIRTUAL_ADDRESS_TAG = 'consul-virtual';
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** So many take some ten milliseconds, in which nobody else is answered. */
const MOST_CHECKS = 1000;

/** Registers in a transaction of its own; see `applyRegistration`. */
export function registerInCatalog(store: StateStore, registration: CatalogRegistration): Promise<CommitResult<void>> {
  return store.transact('catalog-register', (transaction) => applyRegistration(transaction, registration));
}

/**
 * Puts a node, at most one service and any number of checks into the catalog, with the state derived from them: virtual IPs
 * (consul-behaviour.md 6.17). What is equal is not written. Throws `invalidArgument` with the rule that is broken, `tooLarge` for more
 * than a thousand checks.
 */
export function applyRegistration(transaction: Transaction, registration: CatalogRegistration): void {
  if (registration.node === '') throw new AppError('invalidArgument', 'Must provide node: the field "Node" is empty');
  if (registration.checks.length > MOST_CHECKS)
    throw new AppError(
      'tooLarge',
      `the registration has ${registration.checks.length} checks, at most ${MOST_CHECKS} go at once: register the others after these`,
    );
  checkName('Node', registration.node);
  checkNodeId(registration.id);
  const node = putNode(transaction, registration);
  if (registration.service !== undefined) putService(transaction, node, registration.service);
  for (const check of registration.checks) putCheck(transaction, node, check);
}

function checkNodeId(id: string): void {
  if (id === '' || UUID.test(id)) return;
  const why = id.length === 36 ? 'uuid string is not made of hexadecimal groups' : 'uuid string is wrong length';
  throw new AppError('invalidArgument', `Bad node ID: ${why}`);
}

/** Returns the node's name as stored. */
function putNode(transaction: Transaction, registration: CatalogRegistration): string {
  const known = transaction.get('nodes', nodeKey(registration.node));
  if (known !== undefined && registration.skipNodeUpdate) return known.node;
  if (registration.address === '')
    throw new AppError(
      'invalidArgument',
      'Must provide address: "Address" may only be left out for an existing node with "SkipNodeUpdate"',
    );
  if (registration.id !== '') refuseReservedName(transaction, registration);
  const former = removeFormerName(transaction, registration);
  const firstCreateIndex = known?.firstCreateIndex ?? former;
  const { node, address, datacenter, taggedAddresses, meta, locality } = registration;
  transaction.put('nodes', {
    id: registration.id === '' ? (known?.id ?? '') : registration.id,
    node,
    address,
    datacenter,
    taggedAddresses,
    meta,
    ...(locality === undefined ? {} : { locality }),
    ...(firstCreateIndex === undefined ? {} : { firstCreateIndex }),
  });
  return node;
}

/** A node that comes back under another name leaves the old one; returns its createIndex there. */
function removeFormerName(transaction: Transaction, { id, node }: CatalogRegistration): number | undefined {
  if (id === '') return undefined;
  const former = transaction.range('nodes', 'byId', [id]).find((other) => nodeKey(other.node) !== nodeKey(node));
  if (former === undefined) return undefined;
  removeNode(transaction, former.node);
  return former.firstCreateIndex ?? former.createIndex;
}

/** The name of a node that is alive under another id cannot be taken. */
function refuseReservedName(transaction: Transaction, registration: CatalogRegistration): void {
  const known = transaction.get('nodes', nodeKey(registration.node));
  if (known === undefined || known.id === '' || known.id === registration.id) return;
  const alive = transaction.get('checks', checkKey(known.node, SERF_HEALTH));
  if (alive === undefined || alive.status === 'critical') return;
  throw new AppError(
    'invalidArgument',
    `node name "${registration.node}" is reserved by node ${known.id} with address ${known.address}, which is alive; choose another name`,
  );
}

function putService(transaction: Transaction, node: string, given: RegisteredService): void {
  const service = given.id === '' ? { ...given, id: given.service } : given;
  validateService(service);
  const before = transaction.get('services', serviceKey(node, service.id));
  const meshName = connectName(service);
  const taggedAddresses = withVirtualAddress(transaction, service, meshName);
  transaction.put('services', serviceDraft(node, service, taggedAddresses));
  for (const name of newNames(before, service, meshName)) refreshWildcardGateways(transaction, name);
  if (before === undefined) return;
  const leftName = connectName(before);
  if (leftName !== undefined && leftName !== meshName) releaseVirtualIpIfUnused(transaction, leftName);
  if (before.service !== service.service) refreshWildcardGateways(transaction, before.service);
  if (before.service !== service.service || before.tags.join('\0') !== service.tags.join('\0'))
    renameInChecks(transaction, node, service);
}

/** Field by field: this runs with every registration, and what begins with a spread is slow to make and to write down. */
function serviceDraft(
  node: string,
  given: RegisteredService,
  taggedAddresses: RegisteredService['taggedAddresses'],
): Draft<ServiceRecord> {
  const { proxy, locality } = given;
  return {
    node,
    kind: given.kind,
    id: given.id,
    service: given.service,
    tags: given.tags,
    address: given.address,
    port: given.port,
    socketPath: given.socketPath,
    taggedAddresses,
    meta: given.meta,
    weights: given.weights,
    enableTagOverride: given.enableTagOverride,
    connect: given.connect,
    ...(proxy && { proxy }),
    ...(locality && { locality }),
  };
}

function validateService(service: RegisteredService): void {
  if (service.service === '')
    throw new AppError('invalidArgument', 'Must provide service name: the field "Service.Service" is empty');
  checkName('Service.Service', service.service);
  checkName('Service.ID', service.id);
  checkName('Proxy.DestinationServiceName', service.proxy?.destinationServiceName ?? '');
  const badTags = tagsProblem(service.tags);
  if (badTags !== undefined) throw new AppError('invalidArgument', `Invalid Service.Tags: ${badTags}`);
  const unusable = meshNameProblem(connectName(service) ?? '');
  if (unusable !== undefined)
    throw new AppError('invalidArgument', `Invalid name of a service in the mesh: it ${unusable}`);
  if (service.address === '0.0.0.0' || service.address === '::' || service.address === '[::]')
    throw new AppError(
      'invalidArgument',
      'Invalid service address: it must be one that others can reach, not the wildcard address',
    );
  if (service.kind !== 'connect-proxy') return;
  if (service.proxy === undefined || service.proxy.destinationServiceName === '')
    throw new AppError('invalidArgument', 'Proxy.DestinationServiceName must be non-empty for Connect proxy services');
  if (service.proxy.destinationServiceName === '*')
    throw new AppError(
      'invalidArgument',
      'Proxy.DestinationServiceName must not be a wildcard for Connect proxy services',
    );
  if (service.port === 0 && service.socketPath === '')
    throw new AppError('invalidArgument', 'Port or SocketPath must be set for a connect-proxy');
}

/** Services that have an instance more than before, of their own or in the mesh. */
function newNames(
  before: ServiceRecord | undefined,
  service: RegisteredService,
  meshName: string | undefined,
): readonly string[] {
  if (before?.service === service.service && before.kind === service.kind && connectName(before) === meshName)
    return [];
  return [...new Set([service.service, ...(meshName === undefined ? [] : [meshName])])];
}

function withVirtualAddress(
  transaction: Transaction,
  service: RegisteredService,
  meshName: string | undefined,
): RegisteredService['taggedAddresses'] {
  const own = withoutVirtualAddress(service.taggedAddresses);
  if (service.kind === 'terminating-gateway')
    return withLinkedAddresses(transaction, { ...service, taggedAddresses: own });
  if (meshName === undefined) return own;
  return { ...own, [VIRTUAL_ADDRESS_TAG]: { address: ensureVirtualIp(transaction, meshName), port: service.port } };
}

function withoutVirtualAddress(given: RegisteredService['taggedAddresses']): RegisteredService['taggedAddresses'] {
  if (!(VIRTUAL_ADDRESS_TAG in given)) return given;
  const { [VIRTUAL_ADDRESS_TAG]: _virtual, ...own } = given;
  return own;
}

function renameInChecks(transaction: Transaction, node: string, service: RegisteredService): void {
  for (const check of transaction.range('checks', 'byInstance', [nodeKey(node), service.id])) {
    const { createIndex: _created, modifyIndex: _modified, ...draft } = check;
    transaction.put('checks', { ...draft, serviceName: service.service, serviceTags: service.tags });
  }
}

function putCheck(transaction: Transaction, node: string, given: RegisteredCheck): void {
  if (given.node !== '' && nodeKey(given.node) !== nodeKey(node))
    throw new AppError(
      'invalidArgument',
      `check node "${given.node}" does not match the registration's node "${node}"`,
    );
  const checkId = given.checkId === '' ? given.name : given.checkId;
  if (checkId === '') throw new AppError('invalidArgument', 'a check must have a "CheckID" or a "Name"');
  checkName('CheckID', checkId);
  checkName('ServiceID', given.serviceId);
  const owner = given.serviceId === '' ? undefined : transaction.get('services', serviceKey(node, given.serviceId));
  if (given.serviceId !== '' && owner === undefined)
    throw new AppError(
      'invalidArgument',
      `check "${checkId}" belongs to unknown service ID "${given.serviceId}" on node "${node}"; register that service first`,
    );
  const { exposed } = given;
  transaction.put('checks', {
    node,
    checkId,
    name: given.name,
    status: given.status,
    notes: given.notes,
    output: given.output,
    serviceId: given.serviceId,
    serviceName: owner?.service ?? '',
    serviceTags: owner?.tags ?? [],
    type: given.type,
    interval: given.interval,
    timeout: given.timeout,
    exposedPort: given.exposedPort,
    definition: given.definition,
    ...(exposed && { exposed }),
  });
  if (given.status === 'critical') endSessionsOfCheck(transaction, node, checkId);
}
