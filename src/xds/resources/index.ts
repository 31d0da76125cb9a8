/**
 * Resources: one file per Envoy feature; each resource is encoded once, in a cell, and shared by all who need it.
 * In: a view. Out: what a proxy needs by name, and encoded resources. Must never: do I/O, know a stream, or hold a private key.
 */
export { entryEscapeProblems, registrationEscapeProblems } from './escape-rules.js';
export { extensionProblems } from './extensions/index.js';
export { unenforceable } from './capabilities/index.js';
export { proxyNeedsCell, proxyNeedsKey } from './proxy-needs.js';
export { proxylessResourceKey } from './proxyless-needs.js';
export { type NeededResource, resourceCell } from './resource-cell.js';
export * from './spec.js';
export { upstreamNeedsKey } from './upstream-chain.js';
export { upstreamNeedsCell } from './upstream-needs.js';
export { upstreamSettings } from './upstream-settings.js';
