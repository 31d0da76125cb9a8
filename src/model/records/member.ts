import type { Revisions, StringMap } from './common.js';

/** An agent or a server as the cluster has known it last (consul-behaviour 11.2). Key: `nodeKey(node)`. */
export interface MemberRecord extends Revisions {
  readonly node: string;
  /** Its node id. */
  readonly id: string;
  readonly address: string;
  /** The port that `members` shows. */
  readonly port: number;
  readonly role: 'server' | 'client';
  readonly status: 'alive' | 'left' | 'failed';
  /** Since when it has been so, ms since the epoch. */
  readonly sinceMs: number;
  readonly tags: StringMap;
  /** After how long it is forgotten once it has failed; 0 = the servers' setting. */
  readonly reconnectTimeoutMs: number;
}
