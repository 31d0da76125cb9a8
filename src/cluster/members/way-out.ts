import { AppError, type Clock } from '../../core/index.js';

interface WayOutParts {
  readonly clock: Clock;
  /** Takes this server out; may be done twice. It gives up early when nobody wants it any more. */
  readonly go: (withinMs: number, isWanted: () => boolean) => Promise<void>;
  /** Puts this server back: it was to leave, and stays. */
  readonly stay: () => void;
}

/**
 * How this server leaves in a bounded time. Who asked is told when time is up, while what is on its way to the state cannot be called
 * back: the server stays as soon as that has come to an end, whichever it was.
 */
export class WayOut {
  readonly #parts: WayOutParts;
  #going: Promise<void> | undefined;
  #asking = 0;

  constructor(parts: WayOutParts) {
    this.#parts = parts;
  }

  /** Resolves when this server is out. Throws AppError, 'unavailable' when that took longer than so many ms; it may be asked again. */
  async leave(withinMs: number): Promise<void> {
    this.#asking += 1;
    this.#going ??= this.#go(withinMs);
    let cancel = (): void => undefined;
    const tooLong = new Promise<never>((_resolve, reject) => {
      const error = new AppError('unavailable', 'the state took no change in time');
      cancel = this.#parts.clock.after(withinMs, () => reject(error));
    });
    try {
      await Promise.race([this.#going, tooLong]);
    } catch (thrown) {
      const { code, message } = AppError.from(thrown);
      const reason = message.replace(/\.$/, '');
      throw new AppError(code, `this server has not left and goes on as a member (${reason}): ask it again to leave`, {
        cause: thrown,
      });
    } finally {
      cancel();
      this.#asking -= 1;
    }
  }

  async #go(withinMs: number): Promise<void> {
    const isWanted = (): boolean => this.#asking > 0;
    let isOut = false;
    try {
      await this.#parts.go(withinMs, isWanted);
      isOut = isWanted();
    } finally {
      if (!isOut) {
        this.#going = undefined;
        this.#parts.stay();
      }
    }
  }
}
