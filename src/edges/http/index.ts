/**
 * HTTP edge: Consul's public API (consul-behaviour.md 1) and our own `/v1/mesh/…` on one port.
 * In: requests; the store, the local agent, the CA and what the proxies have. Out: JSON, plain-text errors, Consul's headers.
 * Must never: decide anything a domain room should decide, answer from a state that is not loaded yet, or crash on garbage.
 */
export type { HttpPlace, HttpTls } from './http-door.js';
export { type AgentKnowledge, knowledgeOf } from './agent-knowledge.js';
export type {
  AgentControl,
  AgentDeps,
  BackupReport,
  HttpConfig,
  HttpDeps,
  HttpLogger,
  HttpServer,
  MemberControl,
} from './http-deps.js';
export type { AclRequirement, AgentRequest, AgentRoute, ApiAnswer, Route } from './route.js';
export { tokenOf } from './request-token.js';
export { memberTags } from './agent-service/describe-member.js';
export { agentNodeHeader } from './relayed-agent.js';
export { allRoutes } from './routes/index.js';
export {
  type HttpServerOptions,
  type Relay,
  createAgentHttpServer,
  createHttpServer,
  createRelayedListener,
} from './server.js';
export { createWaitingServer } from './waiting-server.js';
