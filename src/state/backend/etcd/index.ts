/**
 * etcd engine: state that several servers share, replicated by etcd's Raft.
 * In: compare-and-write transactions. Out: every commit once and in order, whichever server made it.
 * Must never: take an answer or a watch of etcd for true that can be checked, or call a write failed that may have happened.
 */
export type { EtcdConnection, EtcdTls } from './client/index.js';
export { hexId } from './client/index.js';
export { isTrustedEtcd } from './start-checks.js';
export { createEtcdBackend, type EtcdBackendOptions } from './etcd-backend.js';
