/**
 * State: the revisioned store, its tables and indexes, tracked reads, derived cells and blocking queries.
 * In: transactions from the domain rooms, commits from a backend. Out: tracked views, cells, `commits$`.
 * Must never: show a revision that is not durable, or assume that this process is the only writer.
 */
export type * from './backend/backend.js';
export type * from './state-store.js';
export { type EmbeddedBackendOptions, createEmbeddedBackend } from './backend/embedded/embedded-backend.js';
export { createMemoryBackend } from './backend/memory.js';
export { type StateStoreOptions, createStateStore } from './store.js';
