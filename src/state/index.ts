/**
 * State: the revisioned store, its tables and indexes, tracked reads, derived cells and blocking queries.
 * In: transactions from the domain rooms, commits from a backend. Out: tracked views, cells, `commits$`.
 * Must never: show a revision that is not durable, or assume that this process is the only writer.
 *
 * Transactions are serialisable: what one reads must still hold when it is applied. A key read is compared by its revision. A
 * range read (also an empty one) is compared twice, however many records it holds: no primary key under the range's key prefix
 * (`keyPrefix` in the table definition, else the whole table) has a newer revision than the reader had applied, so nothing was
 * added or changed; and no mark of the range is newer, so nothing was removed or moved away. Both are single range compares in
 * etcd. Checks that read more than can be compared use `transaction.guard(family)`: one record per family, compared and
 * rewritten. An engine that offers `submit` evaluates in the same turn, so there the conditions hold by themselves.
 *
 * The durable engine has its own entry, `state/backend/embedded`: it loads a native package.
 */
export type * from './backend/index.js';
export type * from './state-store.js';
export { RestoredState, type StateCapture } from './snapshot/index.js';
export { createMemoryBackend, createMemoryLiveArea } from './backend/index.js';
export { type StateStoreOptions, createStateStore } from './store.js';
export { raiseIndexTo } from './index-base.js';
