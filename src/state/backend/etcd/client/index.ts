/**
 * A thin client of etcd's v3 API over grpc-js, for the engine beside it.
 * In: requests in the words of proto/etcd. Out: answers, or EtcdError that knows whether something may have been written.
 * Must never: know what is stored, send a transaction twice, or call without a deadline.
 */
export type * from './api.js';
export { etcdServices } from './api.js';
export { status } from '@grpc/grpc-js';
export type { Endpoint } from './endpoints.js';
export { hexId } from './calls.js';
export { appErrorOf, EtcdClient, type MemberChange, type WatchStream } from './etcd-client.js';
export { EtcdError, MemberBehind, restored, WentBack } from './etcd-error.js';
export type { EtcdConnection, EtcdTls } from './options.js';
