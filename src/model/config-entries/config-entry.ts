import type { StringMap } from '../records/common.js';

/** Replaced by the union of all kinds. */
export interface ConfigEntry {
  readonly kind: string;
  readonly name: string;
  readonly meta: StringMap;
}
