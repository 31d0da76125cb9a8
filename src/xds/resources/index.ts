/**
 * Resources: one file per Envoy feature; each resource is encoded once, in a cell, and shared by all who need it.
 * In: a view. Out: what a proxy needs by name, and encoded resources. Must never: do I/O, know a stream, or hold a private key.
 *
 * Here: what a proxy needs (`proxy-needs`), the cells of resources and what all builders share. `inbound/`: what a proxy opens for
 * others and for its application; `authorization/`: who may come in; `upstreams/`: what it opens for its application, with the
 * chains behind it; `routes/`, `clusters/`: what these consist of; `transparent/`: the same without declared upstreams;
 * `queries/`: prepared queries as upstreams; `secrets/`: TLS; `proxyless/`: gRPC clients without Envoy; `extensions/`: what
 * EnvoyExtensions change in all of it; `capabilities/`: what older Envoys cannot do.
 */
export { entryEscapeProblems, registrationEscapeProblems } from './escape-rules.js';
export { extensionNotes, extensionProblems } from './extensions/index.js';
export { unenforceable } from './capabilities/index.js';
export { inboundNeeds, proxyNeedsCell, proxyNeedsKey } from './proxy-needs.js';
export { proxylessResourceKey } from './proxyless/proxyless-needs.js';
export { type NeededResource, resourceCell } from './resource-cell.js';
export * from './spec.js';
export { upstreamNeedsKey } from './upstreams/upstream-chain.js';
export { upstreamNeedsCell } from './upstreams/upstream-needs.js';
export { upstreamSettings } from './upstreams/upstream-settings.js';
