import type { Hold } from './hold.js';
import { isPassing } from './kv-reader.js';
import { pause } from '../pause.js';

const RETRY_MS = 1000;

/** Resolves when the lock is lost, or cannot be looked at any more; never while the signal aborts it first. */
export async function watchForLoss(hold: Hold, retries: number, signal: AbortSignal): Promise<string | undefined> {
  let failures = 0;
  while (!signal.aborted) {
    try {
      if (!(await hold.isStillHeld(signal))) return 'the lock was given to others';
      failures = 0;
    } catch (thrown) {
      if (signal.aborted) return undefined;
      failures += 1;
      if (!isPassing(thrown) || failures > retries) return thrown instanceof Error ? thrown.message : String(thrown);
      await pause(RETRY_MS, signal);
    }
  }
  return undefined;
}
