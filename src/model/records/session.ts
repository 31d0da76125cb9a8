import type { Revisions } from './common.js';

/** What happens to the keys that a session holds when it ends. */
export type SessionBehavior = 'release' | 'delete';

/** What a session was made with (consul-behaviour.md 1.5). */
export interface SessionDefinition {
  /** UUID; given by the server. */
  readonly id: string;
  readonly name: string;
  /** The node as it is registered; the session ends with it. */
  readonly node: string;
  /** How long nobody can lock a key that was held when the session ended, in ms. */
  readonly lockDelayMs: number;
  readonly behavior: SessionBehavior;
  /** Go duration text as given; empty = it lives until something ends it. */
  readonly ttl: string;
  /** Ids of checks of the node; the session ends when one is critical or gone. */
  readonly nodeChecks: readonly string[];
  /** Checks of services on the node, likewise. `null` = not given, shown as such. */
  readonly serviceChecks: readonly SessionServiceCheck[] | null;
}

export interface SessionServiceCheck {
  readonly id: string;
  readonly namespace: string;
}

/** A session. Key: `id`. */
export interface SessionRecord extends SessionDefinition, Revisions {}

/**
 * A session that ended while it held more keys than one transaction takes. It counts for nothing any more; its keys are given
 * back in slices, and the record goes with the last one. Key: `id`.
 */
export interface EndedSessionRecord extends Revisions {
  readonly id: string;
  readonly behavior: SessionBehavior;
  readonly lockDelayMs: number;
  /** In ms since the epoch. */
  readonly endedAtMs: number;
}

/**
 * What happened to a session since it was made. `renewals` counts where several servers share the state: who watches over its time
 * begins it anew at each. `acquired` counts the locks it got: who ends the session compares it, so as to miss none of them. Key:
 * the session's id.
 */
export interface SessionRenewalRecord extends Revisions {
  readonly id: string;
  readonly renewals: number;
  readonly acquired?: number;
}

/** A key that nobody can lock yet, because a session ended that held it. Key: the key. */
export interface LockDelayRecord extends Revisions {
  readonly key: string;
  /** In ms since the epoch. */
  readonly untilMs: number;
}
