/**
 * Agent: configuration, local services, their checks, and their copy into the catalog.
 * In: definitions from files and the API, a clock. Out: catalog transactions. Must never: touch what other nodes registered.
 */
export { createLocalAgent } from './create-local-agent.js';
export type * from './local-agent.js';
export { type ExposingProxy, exposingProxy } from './check-exposure.js';
export { instancesOf, looksItself } from './aliased-health.js';
export { aliasedHealth } from './checks/index.js';
export { createRecordFolder, type RecordFolder, replaceFile } from './persistence.js';
export type { CatalogChange, NodeCatalog, StoredNode } from './node-catalog.js';
export type { CheckTls } from './checks/index.js';
export type { NodeFacts } from './node-facts.js';
export { registerSelf } from './register-self.js';
export { type AgentTokens, createAgentTokens, type TokenKind, tokenKind } from './tokens.js';
export { createStoreCatalog } from './store-catalog.js';
