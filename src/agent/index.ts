/**
 * Agent: configuration, local services, their checks, and their copy into the catalog.
 * In: definitions from files and the API, a clock. Out: catalog transactions. Must never: touch what other nodes registered.
 */
export { createLocalAgent } from './create-local-agent.js';
export type * from './local-agent.js';
export type { NodeFacts } from './node-facts.js';
export { registerSelf } from './register-self.js';
export { type AgentTokens, createAgentTokens, type TokenKind, tokenKind } from './tokens.js';
