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
  /**
   * When the key came to be, where that is not when its record did: it was deleted and written anew in one transaction. That is the
   * one of its ModifyIndex (`here`), or of this index.
   */
  readonly bornAt?: 'here' | number;
}
