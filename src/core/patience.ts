import { type Clock, pauseOn } from './clock.js';

/** How long who tries again goes on, and for what. */
export interface Patience {
  readonly clock: Clock;
  /** No attempt begins when so much time is over; one that is under way is not cut off. */
  readonly withinMs: number;
  /** Between two attempts. */
  readonly pauseMs: number;
  /** Whether time may mend what was thrown. */
  readonly mends: (thrown: unknown) => boolean;
}

/** Tries what may be done twice (it says the same then) until it is done. Throws what the last attempt threw. */
export async function patiently<Result>(attempt: () => Promise<Result>, patience: Patience): Promise<Result> {
  const { clock, withinMs, pauseMs, mends } = patience;
  const untilMs = clock.now() + withinMs;
  for (;;) {
    try {
      return await attempt();
    } catch (thrown) {
      if (!mends(thrown) || clock.now() + pauseMs >= untilMs) throw thrown;
      await pauseOn(clock, pauseMs);
    }
  }
}
