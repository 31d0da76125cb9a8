import type { AgentClient } from '../http/agent-client.js';
import type { LockSession } from './lock-session.js';

/** What taking a lock needs to know. */
export interface LockWish {
  readonly agent: AgentClient;
  readonly session: LockSession;
  /** The prefix that the user named, without slashes at its ends. */
  readonly prefix: string;
  /** How many may hold it at once: 1 = a lock, more = a semaphore. */
  readonly limit: number;
  /** When to give up, by `performance.now()`; infinite = never. */
  readonly untilMs: number;
  readonly signal: AbortSignal;
}

/** A lock that is held. */
export interface Hold {
  /** The key that says who holds it. */
  readonly key: string;
  /** Resolves to whether a look at the store, which may wait for a change, still finds us among the holders. */
  isStillHeld(signal: AbortSignal): Promise<boolean>;
  /** Gives it back, and removes the key when nobody else is interested. */
  release(): Promise<void>;
}

/** Longest wait of one blocking query. */
export const LONGEST_WAIT_MS = 15_000;

/** Why a key cannot be used for a lock. */
export class LockConflict extends Error {
  override readonly name = 'LockConflict';
}

/** How much longer a blocking query may wait, in ms; 0 = the time is over. */
export const remainingMs = (untilMs: number): number =>
  Math.max(0, Math.min(LONGEST_WAIT_MS, untilMs - performance.now()));
