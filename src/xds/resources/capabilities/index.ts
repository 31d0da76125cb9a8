/**
 * Capabilities: what not every Envoy that is served does alike, and what follows from it for entries and proxies. Pure data and
 * functions. In: entries, settings, an Envoy's version. Out: what cannot be sent to it or enforced by it, as sentences.
 * Must never: name a feature that all served Envoys have.
 */
export { NEWEST_KNOWN_MINOR, capabilities, hasCapability, knowsFormat } from './capabilities.js';
export { envoyRelease } from './envoy-release.js';
export { unenforceable } from './unenforceable.js';
