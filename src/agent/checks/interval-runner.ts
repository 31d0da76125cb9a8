import type { Clock } from '../../core/index.js';
import type { CheckRunner, CheckSink, Probe } from './check-runner.js';
import type { Gate } from './gate.js';

export interface IntervalOptions {
  readonly intervalMs: number;
  readonly timeoutMs: number;
  /** How long the first look waits. */
  readonly firstDelayMs: number;
  /** Lets only so many looks be under way at a time; waiting there is no part of a look's time. */
  readonly gate?: Gate;
}

const SHORTEST_INTERVAL_MS = 1000;
/** A new check that fails looks again soon, twice as late each time: most applications start beside their registration. */
const FIRST_RETRY_MS = 500;

/**
 * Looks again an interval after the last look began, never while one is under way. Until the first success it looks more often:
 * after 0.5 s, 1 s, 2 s … up to the interval.
 */
export function createIntervalRunner(
  clock: Clock,
  options: IntervalOptions,
  probe: Probe,
  sink: CheckSink,
): CheckRunner {
  const intervalMs = Math.max(options.intervalMs, SHORTEST_INTERVAL_MS);
  const stopped = new AbortController();
  let cancelTimer = (): void => undefined;
  let retryMs = FIRST_RETRY_MS;

  const look = async (): Promise<void> => {
    const leave = await options.gate?.enter(stopped.signal);
    if (stopped.signal.aborted) {
      leave?.();
      return;
    }
    const startedAt = clock.now();
    const timeout = new AbortController();
    const cancelTimeout = clock.after(options.timeoutMs, () => timeout.abort());
    const result = await probe(AbortSignal.any([stopped.signal, timeout.signal]));
    cancelTimeout();
    leave?.();
    if (stopped.signal.aborted) return;
    sink(result);
    if (result.status !== 'critical') retryMs = intervalMs;
    const pauseMs = Math.min(retryMs, intervalMs);
    retryMs = Math.min(retryMs * 2, intervalMs);
    schedule(Math.max(pauseMs - (clock.now() - startedAt), 0));
  };
  const schedule = (delayMs: number): void => {
    cancelTimer = clock.after(delayMs, () => void look());
  };

  return {
    start: () => schedule(options.firstDelayMs),
    stop() {
      cancelTimer();
      stopped.abort();
    },
  };
}
