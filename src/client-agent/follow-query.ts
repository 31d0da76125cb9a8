import { backOffMs, type Clock } from '../core/index.js';

const BACK_OFF = { firstMs: 1_000, longestMs: 30_000 };

export interface FollowedQuery<Answer extends { readonly index: number }> {
  readonly clock: Clock;
  /** Ends it. */
  readonly signal: AbortSignal;
  /** The index of what is known already; 0 = nothing is. */
  readonly startIndex?: number;
  /** Asked before every question; false ends it. */
  readonly isWanted?: () => boolean;
  /** Asks, waiting for an index above this one when it is not 0. */
  readonly ask: (index: number) => Promise<Answer>;
  readonly onAnswer: (answer: Answer) => void;
  readonly onError?: (thrown: unknown) => void;
}

/**
 * Asks one blocking query after the other, by the index of the last answer (consul-behaviour 1.1): an index that goes back is that
 * of another state, so the next question waits for nothing. Errors are asked again, more and more rarely. Resolves when it is over.
 */
export async function followQuery<Answer extends { readonly index: number }>(
  query: FollowedQuery<Answer>,
): Promise<void> {
  const { clock, signal, ask, onAnswer, onError, isWanted = () => true } = query;
  let index = query.startIndex ?? 0;
  let failures = 0;
  while (!signal.aborted && isWanted()) {
    try {
      const answer = await ask(index);
      if (signal.aborted) return;
      failures = 0;
      onAnswer(answer);
      const goesOn = answer.index >= index && answer.index > 0;
      index = goesOn ? answer.index : 0;
      // An answer that cannot be waited for must not be asked for in a loop.
      if (!goesOn) await pause(clock, BACK_OFF.firstMs, signal);
    } catch (thrown) {
      if (signal.aborted) return;
      onError?.(thrown);
      failures += 1;
      await pause(clock, backOffMs(failures, BACK_OFF), signal);
    }
  }
}

/** A path with what makes a query wait. */
export const withIndex = (path: string, index: number, wait = '5m'): string =>
  index < 1 ? path : `${path}${path.includes('?') ? '&' : '?'}index=${index}&wait=${wait}`;

function pause(clock: Clock, delayMs: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      cancel();
      signal.removeEventListener('abort', end);
      resolve();
    };
    const cancel = clock.after(delayMs, end);
    signal.addEventListener('abort', end, { once: true });
  });
}
