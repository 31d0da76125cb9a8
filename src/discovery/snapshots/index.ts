/**
 * Snapshots: the whole state saved into a file, and replaced by a saved one (consul-behaviour.md 11.7; docs/operations.md).
 * In: the store; a stream of bytes. Out: a stream of bytes; one transaction. Must never: change anything before a file is known
 * to be whole, or hold a whole file in memory.
 */
export { type RestoreOptions, restoreSnapshot } from './restore-snapshot.js';
export { type SnapshotOrigin, type TakenSnapshot, takeSnapshot } from './take-snapshot.js';
