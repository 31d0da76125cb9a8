import type { Clock } from '../../core/index.js';
import type { CheckResult, CheckRunner, CheckSink } from './check-runner.js';

export interface TtlRunner extends CheckRunner {
  /** The application says how it is; the time to live starts again. */
  update(result: CheckResult): void;
}

export interface TtlOptions {
  readonly ttlMs: number;
  /** What is left of the first one. */
  readonly firstTtlMs: number;
  /** What the application said last. */
  readonly output: string;
}

const EXPIRED = 'TTL expired';

/** Critical when the application has not reported for `ttlMs`; the last output stays readable behind the reason. */
export function createTtlRunner(clock: Clock, { ttlMs, firstTtlMs, output }: TtlOptions, sink: CheckSink): TtlRunner {
  let lastOutput = output.startsWith(EXPIRED) ? '' : output;
  let cancel = (): void => undefined;
  const arm = (delayMs: number): void => {
    cancel();
    cancel = clock.after(delayMs, () =>
      sink({
        status: 'critical',
        output: lastOutput === '' ? EXPIRED : `${EXPIRED} (last output before timeout follows): ${lastOutput}`,
      }),
    );
  };
  return {
    start: () => arm(firstTtlMs),
    stop: () => cancel(),
    update(result) {
      lastOutput = result.output;
      sink(result);
      arm(ttlMs);
    },
  };
}
