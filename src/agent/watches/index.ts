/**
 * Watches of the agent's configuration (consul-behaviour 3.2): each follows a part of what this agent answers, over its own API, and
 * tells a program or a URL.
 * In: definitions, where the API is. Out: handlers that run. Must never: run two handlers of one watch at once, or outlive the agent.
 */
export { type AgentWatches, createAgentWatches } from './agent-watches.js';
export { type ApiPlace, createOwnApi } from './own-api.js';
