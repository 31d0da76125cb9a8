/**
 * The durable engine of a single server: a log of commits and snapshots of the state, in files of its own. A folder of its own entry
 * point, so that programs without a data directory never load the native package, which locks the folder and reads older formats.
 * In: transactions. Out: durable, verified commits in order. Must never: acknowledge what is not on the disk, or open damaged data.
 */
export { type EmbeddedBackendOptions, createEmbeddedBackend } from './embedded-backend.js';
