/**
 * Proxies: what config entries mean for the proxies that there are, before and after they are written.
 * In: the state, the connected proxies, a change. Out: refusals that name entry and proxy. Must never: change anything, or know a
 * stream.
 */
export type { ConnectedProxy } from './connected-proxy.js';
export { createEntryGuard } from './entry-guard.js';
export { entryNotes } from './entry-notes.js';
