/**
 * HTTP edge: Consul's public API (consul-behaviour.md 1) and our own `/v1/mesh/…` on one port.
 * In: requests; the store, the local agent, the CA and what the proxies have. Out: JSON, plain-text errors, Consul's headers.
 * Must never: decide anything a domain room should decide, answer before the state is loaded, or crash on garbage.
 */
export type { HttpPlace, HttpTls } from './http-door.js';
export type { AgentControl, HttpConfig, HttpDeps, HttpLogger, HttpServer } from './http-deps.js';
export type { AclRequirement, Route } from './route.js';
export { allRoutes } from './routes/index.js';
export { type HttpServerOptions, createHttpServer } from './server.js';
