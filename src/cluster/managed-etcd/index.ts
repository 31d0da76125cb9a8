/**
 * Managed etcd: the member beside each server (docs/managed-etcd.md). Found, run, supervised, made part of exactly one cluster.
 * In: settings, certificates, a way to ask other servers. Out: how the state is reached, who the members are.
 * Must never: found a second cluster, take the majority from one, or leave a process behind.
 */
export { type EtcdBinary, findEtcd } from './binary.js';
export { ManagedEtcd, type ManagedEtcdParts } from './managed-etcd.js';
export type { MemberSettings } from './member-arguments.js';
export type { OtherServers } from './other-servers.js';
export type { ReplacementRules } from './replacement.js';
