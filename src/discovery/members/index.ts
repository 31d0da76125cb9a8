/**
 * Members: agents and servers of the datacenter as the cluster knows them, and what follows for the catalog (consul-behaviour 11.2, 11.3).
 * In: what was seen of members. Out: transactions, a cell. Must never: decide who is alive, or know how that is found out.
 */
export { membersCell } from './cells.js';
export {
  type SeenMember,
  applyMemberAlive,
  applyMemberFailed,
  applyMemberForgotten,
  applyMemberLeft,
  hasPassingAgent,
} from './member-changes.js';
export type { Member } from './member.js';
