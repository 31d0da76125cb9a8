import {
  checkKey,
  type Draft,
  type MemberRecord,
  type MeshView,
  nodeKey,
  SERF_HEALTH,
  type StringMap,
} from '../../model/index.js';
import type { Transaction } from '../../state/index.js';
import { applyRegistration, type RegisteredCheck } from '../catalog/index.js';
import { applyDeregistration } from '../catalog/index.js';

/** What a live member tells of itself. */
export interface SeenMember
  extends Pick<MemberRecord, 'node' | 'id' | 'address' | 'port' | 'role' | 'tags' | 'reconnectTimeoutMs'> {
  readonly datacenter: string;
  readonly taggedAddresses: StringMap;
  readonly nodeMeta: StringMap;
}

/** The member lives: its node is in the catalog and its agent's check passes. Servers put themselves there with all they have. */
export function applyMemberAlive(transaction: Transaction, member: SeenMember, nowMs: number): void {
  const {
    node,
    id,
    address,
    port,
    role,
    tags,
    reconnectTimeoutMs,
    datacenter,
    taggedAddresses,
    nodeMeta: meta,
  } = member;
  const known = transaction.get('members', nodeKey(node));
  const sinceMs = known?.status === 'alive' ? known.sinceMs : nowMs;
  put(transaction, { node, id, address, port, role, tags, reconnectTimeoutMs, status: 'alive', sinceMs });
  const isKnown = transaction.get('nodes', nodeKey(node)) !== undefined;
  if (role === 'server' && !isKnown) return;
  applyRegistration(transaction, {
    ...{ node, id, address, datacenter, taggedAddresses, meta },
    skipNodeUpdate: role === 'server',
    checks: [serfHealth(node, 'passing', 'Agent alive and reachable')],
  });
}

/** The member is not reached any more: its agent's check is critical. */
export function applyMemberFailed(transaction: Transaction, node: string, nowMs: number): void {
  const known = transaction.get('members', nodeKey(node));
  if (known?.status !== 'alive') return;
  put(transaction, { ...known, status: 'failed', sinceMs: nowMs });
  if (transaction.get('nodes', nodeKey(node)) === undefined) return;
  const checks = [serfHealth(known.node, 'critical', 'Agent not live or unreachable')];
  const nothing = { id: '', address: '', datacenter: '', taggedAddresses: {}, meta: {} };
  applyRegistration(transaction, { node: known.node, ...nothing, skipNodeUpdate: true, checks });
}

/** The member has left, or is said to have: its node is out of the catalog with all that is on it. */
export function applyMemberLeft(transaction: Transaction, node: string, nowMs: number): void {
  const known = transaction.get('members', nodeKey(node));
  if (known !== undefined && known.status !== 'left') put(transaction, { ...known, status: 'left', sinceMs: nowMs });
  applyDeregistration(transaction, { node: known?.node ?? node, serviceId: '', checkId: '' });
}

/** The member is forgotten, and its node is out of the catalog. */
export function applyMemberForgotten(transaction: Transaction, node: string): void {
  const known = transaction.get('members', nodeKey(node));
  if (known === undefined) return;
  transaction.delete('members', nodeKey(node));
  // One that has left may be there again as a node that somebody else looks after.
  if (known.status !== 'left') applyDeregistration(transaction, { node: known.node, serviceId: '', checkId: '' });
}

/** Whether the node is in the catalog with a passing check of its agent. */
export function hasPassingAgent(view: MeshView, node: string): boolean {
  return view.get('checks', checkKey(node, SERF_HEALTH))?.status === 'passing';
}

function put(transaction: Transaction, record: Draft<MemberRecord>): void {
  transaction.put('members', record);
}

function serfHealth(node: string, status: 'passing' | 'critical', output: string): RegisteredCheck {
  return {
    ...{ node, checkId: SERF_HEALTH, name: 'Serf Health Status', status, output },
    ...{ notes: '', serviceId: '', type: '', interval: '', timeout: '', exposedPort: 0, definition: {} },
  };
}
