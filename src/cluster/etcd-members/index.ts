/**
 * The members of an etcd, whoever runs it: how each is, who leads, and what operators change.
 * In: a way to reach them. Out: what they said of themselves; members removed, leadership moved.
 * Must never: take the majority from a cluster.
 */
export { type ExternalEtcd, watchExternalEtcd } from './external-etcd.js';
export { mayRemove, type SeenMember } from './may-remove.js';
export { handOver, type MemberChangeParts, memberOf, removeMember, takeOut, transferLeader } from './member-changes.js';
export { type MemberStatus, MemberWatch } from './member-watch.js';
