/**
 * Backend: engines that store records durably under revisions, of etcd's shape; one conformance suite for all.
 * In: compare-and-write transactions. Out: every commit once, in order. Must never: interpret a record's value.
 */
export type * from './backend.js';
export type * from './live-area.js';
export { createMemoryBackend } from './memory.js';
export { createMemoryLiveArea } from './memory-live-area.js';
