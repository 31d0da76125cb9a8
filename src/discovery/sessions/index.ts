/**
 * Sessions: what locks are held by (consul-behaviour.md 1.5). A session lives on a node and ends with it, with a check it depends
 * on, by its owner or by its TTL; what it held is given back, or deleted, in the transaction that ended it.
 * In: definitions, renewals, what happens to nodes and checks. Out: transactions, cells. Must never: know about HTTP, scan all
 * keys, or let a session end without its locks.
 */
export { nodeSessionsCell, sessionCell, sessionsCell } from './cells.js';
export { type SessionLimits, createSession } from './create-session.js';
export { destroySession, endSessionsOfCheck, endSessionsOfNode } from './end-session.js';
export { type SessionKeeper, type SessionKeeperOptions, keepSessions } from './keep-sessions.js';
export { encodeSession, sessionBodyField, toSession } from './wire.js';
