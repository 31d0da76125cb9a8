import { AppError } from '../../core/index.js';
import { type Revisions, checkKey, nodeKey, serviceKey } from '../../model/index.js';
import type { Transaction } from '../../state/index.js';
import { applyDeregistration, applyRegistration } from '../catalog/index.js';
import type { CheckOperation, NodeOperation, OperationResult, ServiceOperation } from './operations.js';

/** One thing of the catalog, as an operation handles it. */
interface Subject<Row extends Revisions> {
  /** How errors call it: `node "n1"`. */
  readonly name: string;
  readonly find: () => Row | undefined;
  readonly set: () => void;
  readonly remove: () => void;
  readonly shown: (row: Row) => OperationResult;
}

/** Carries out an operation on a node. Throws `conflict` or `invalidArgument` with what is wrong. */
export function applyNode(transaction: Transaction, { verb, node, index }: NodeOperation): readonly OperationResult[] {
  const find = () =>
    node.node === '' && node.id !== ''
      ? transaction.range('nodes', 'byId', [node.id])[0]
      : transaction.get('nodes', nodeKey(node.node));
  return carryOut(verb, index, {
    name: `node "${node.node === '' ? node.id : node.node}"`,
    find,
    set: () => applyRegistration(transaction, { ...node, skipNodeUpdate: false, checks: [] }),
    remove: () => remove(transaction, find()?.node ?? '', '', ''),
    shown: (found) => ({ family: 'node', node: found }),
  });
}

/** Carries out an operation on a service of a node that exists. Throws as `applyNode`. */
export function applyService(transaction: Transaction, operation: ServiceOperation): readonly OperationResult[] {
  const { verb, node, service, index } = operation;
  const id = service.id === '' ? service.service : service.id;
  const find = () => transaction.get('services', serviceKey(node, id));
  return carryOut(verb, index, {
    name: `service "${id}" on node "${node}"`,
    find,
    set: () => {
      mustBeRegistered(transaction, node);
      applyRegistration(transaction, { ...onNode(node), service: { ...service, id }, checks: [] });
    },
    remove: () => remove(transaction, node, id, ''),
    shown: (found) => ({ family: 'service', service: found }),
  });
}

/** Carries out an operation on a check of a node that exists. Throws as `applyNode`. */
export function applyCheck(transaction: Transaction, operation: CheckOperation): readonly OperationResult[] {
  const { verb, check, index } = operation;
  const { node } = check;
  const checkId = check.checkId === '' ? check.name : check.checkId;
  const find = () => transaction.get('checks', checkKey(node, checkId));
  return carryOut(verb, index, {
    name: `check "${checkId}" on node "${node}"`,
    find,
    set: () => {
      mustBeRegistered(transaction, node);
      applyRegistration(transaction, { ...onNode(node), checks: [{ ...check, checkId }] });
    },
    remove: () => remove(transaction, node, '', checkId),
    shown: (found) => ({ family: 'check', check: found }),
  });
}

function carryOut<Row extends Revisions>(
  verb: string,
  index: bigint,
  subject: Subject<Row>,
): readonly OperationResult[] {
  const isStale = () => BigInt(subject.find()?.modifyIndex ?? 0) !== index;
  const shown = () => [subject.shown(subject.find() ?? fail(`${subject.name} doesn't exist`))];
  switch (verb) {
    case 'get':
      return shown();
    case 'set':
      subject.set();
      return shown();
    case 'cas':
      if (isStale()) fail(`failed to set ${subject.name}, index is stale`);
      subject.set();
      return shown();
    case 'delete':
      if (subject.find() !== undefined) subject.remove();
      return [];
    case 'delete-cas':
      if (isStale()) fail(`failed to delete ${subject.name}, index is stale`);
      if (subject.find() !== undefined) subject.remove();
      return [];
    default:
      throw new AppError('invalidArgument', `unknown verb "${verb}" for ${subject.name}`);
  }
}

const onNode = (node: string) => ({
  node,
  id: '',
  address: '',
  datacenter: '',
  taggedAddresses: {},
  meta: {},
  skipNodeUpdate: true,
});

function mustBeRegistered(transaction: Transaction, node: string): void {
  if (transaction.get('nodes', nodeKey(node)) === undefined) fail(`node "${node}" doesn't exist: register it first`);
}

function remove(transaction: Transaction, node: string, serviceId: string, checkId: string): void {
  applyDeregistration(transaction, { node, serviceId, checkId });
}

function fail(what: string): never {
  throw new AppError('conflict', what);
}
