/**
 * Real etcd members for tests, found, fetched or built; and a fake one that lies.
 * In: how many members, which flags. Out: endpoints, and ways to kill and pause members. `stop` leaves no process and no data.
 */
export { anyEtcd, currentEtcd, type EtcdBinary, packagedEtcd } from './etcd-binary.js';
export { FakeEtcd, type Lies } from './fake-etcd.js';
export { type EtcdMember, type RunningEtcd, startEtcd } from './running-etcd.js';
