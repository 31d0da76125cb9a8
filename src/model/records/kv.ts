import type { Revisions } from './common.js';

/** A key with its value. Key: the key itself. */
export interface KvRecord extends Revisions {
  readonly key: string;
  /** Base64 of the bytes; empty text for an empty value. */
  readonly value: string;
  /** Unsigned 64 bit number as decimal text. */
  readonly flags: string;
  readonly lockIndex: number;
  readonly session: string;
}
