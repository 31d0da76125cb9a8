/**
 * Events: what users tell all agents (consul-behaviour.md 1.5). Each agent keeps the last 256 that it has seen and that are meant
 * for it; nothing is stored. Other members' events come in by `receive`.
 * In: events, this node's services. Out: lists with an index that blocks on equality. Must never: know about HTTP, or run a filter on
 * the JavaScript engine.
 */
export { encodeEvent } from './encode-event.js';
export { type EventLog, type UserEvent, createEventLog } from './event-log.js';
