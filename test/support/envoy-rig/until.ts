import { ProcessEnded } from './rig-process.js';

const LOOK_EVERY_MS = 20;

/**
 * Looks again and again until there is something to see, and answers it. `look` says "not yet" with undefined or false, and may
 * throw while what it looks at is not there. Throws when that takes longer than `limitMs`, with the last thing `look` threw.
 */
export async function until<Found>(
  what: string,
  look: () => Promise<Found | undefined | false> | Found | undefined | false,
  limitMs = 60_000,
): Promise<Found> {
  const startedAt = performance.now();
  let lastProblem = '';
  for (;;) {
    try {
      const found = await look();
      if (found !== undefined && found !== false) return found;
      lastProblem = '';
    } catch (thrown) {
      if (thrown instanceof ProcessEnded) throw thrown;
      lastProblem = `: ${thrown instanceof Error ? thrown.message : String(thrown)}`;
    }
    if (performance.now() - startedAt > limitMs)
      throw new Error(`${what} did not happen in ${limitMs} ms${lastProblem}`);
    await pause(LOOK_EVERY_MS);
  }
}

/** Lets time pass: for traffic that shall flow for a while, never for something that can be looked at. */
export const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
