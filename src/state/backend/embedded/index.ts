/**
 * The durable engine of a single server, on LevelDB. A folder of its own entry point, so that programs without a data
 * directory never load the native package.
 * In: transactions. Out: durable, verified commits in order. Must never: acknowledge what is not on the disk, or open damaged data.
 */
export { type EmbeddedBackendOptions, createEmbeddedBackend } from './embedded-backend.js';
