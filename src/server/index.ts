/**
 * Server: builds one process from the parts.
 * In: an agent configuration. Out: open doors and a way to stop. Must never: hold logic that a room should have.
 */
export { runAgent } from './run-agent.js';
