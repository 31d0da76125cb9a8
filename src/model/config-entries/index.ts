/**
 * Config entries: one file per kind with equal exports (schema, normalize, validate, requires).
 * In: a decoded body. Out: a typed entry or one clear problem. Must never: read the store, or keep a kind it does not know.
 */
import type { Revisions } from '../records/common.js';
import type { ConfigEntry } from './config-entry.js';

export type { ConfigEntry } from './config-entry.js';

/** A stored entry. `hash` is the content hash shown to clients as a decimal uint64. */
export interface ConfigEntryRecord extends Revisions {
  readonly entry: ConfigEntry;
  readonly hash: string;
}
