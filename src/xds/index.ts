/**
 * xDS: from what a proxy needs to what its Envoy has accepted.
 * `envoy-api` encodes and reads messages, `resources` (pure) builds one Envoy resource per cell, `server` speaks ADS.
 */
export type * from './server/index.js';
