/**
 * xDS server: delta and state-of-the-world ADS for Envoys and proxyless gRPC clients.
 * In: cells of needs and encoded resources, leaves from the CA, requests of proxies. Out: bursts of resources in
 * make-before-break order, records of what was accepted and refused.
 * Must never: compute a resource, decode an ACK, answer before the state is loaded, or give one proxy another's secrets.
 */
export type * from './contract.js';
export type * from './propagation-model.js';
export { adsService } from './ads-service.js';
export { createXdsServer } from './xds-server.js';
