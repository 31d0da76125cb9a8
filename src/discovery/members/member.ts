import type { StringMap } from '../../model/index.js';

/** A member as it is shown: Serf's names of what it is (consul-behaviour 1.2, agent/members). */
export interface Member {
  readonly name: string;
  readonly address: string;
  readonly port: number;
  readonly tags: StringMap;
  readonly status: 'alive' | 'leaving' | 'left' | 'failed';
  /** Since when it has been so, ms since the epoch. */
  readonly sinceMs: number;
}
