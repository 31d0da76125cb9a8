import type { Clock } from '../../core/index.js';

const AGAIN_MS = 30_000;

interface WaitingLogger {
  info(fields: object, message: string): void;
}

/** What a server waits for, told once, and again now and then while it lasts. */
export class WaitingReport {
  readonly #clock: Clock;
  readonly #logger: WaitingLogger;
  readonly #onWaiting: ((text: string) => void) | undefined;
  #told = { text: '', atMs: 0 };
  #isOver = false;

  /** `onWaiting` hears everything, however often. */
  constructor(clock: Clock, logger: WaitingLogger, onWaiting: ((text: string) => void) | undefined) {
    [this.#clock, this.#logger, this.#onWaiting] = [clock, logger, onWaiting];
  }

  readonly tell = (text: string): void => {
    const now = this.#clock.now();
    this.#onWaiting?.(text);
    if (text === this.#told.text && now - this.#told.atMs < AGAIN_MS) return;
    this.#told = { text, atMs: now };
    if (!this.#isOver) this.#logger.info({}, text);
  };

  /** The log hears nothing more. */
  end(): void {
    this.#isOver = true;
  }
}
