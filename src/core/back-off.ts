/** How long who fails again and again waits before the next attempt. */
export interface BackOff {
  /** After the first failure. */
  readonly firstMs: number;
  readonly longestMs: number;
}

/** The pause after so many failures in a row, twice as long each time. Randomness is the caller's. */
export const backOffMs = (failuresInRow: number, { firstMs, longestMs }: BackOff): number =>
  Math.min(longestMs, firstMs * 2 ** Math.max(0, failuresInRow - 1));
