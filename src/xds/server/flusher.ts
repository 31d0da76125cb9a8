/** Something that can be told to send what is due. */
export interface Flushable {
  flush(): void;
}

export interface FlusherOptions {
  /** How many are flushed in one turn of the event loop at most. */
  readonly perTurn: number;
  /** A turn that has taken this long ends earlier: some flushes sign a certificate. */
  readonly perTurnMs: number;
  /** Milliseconds, for measuring a turn. */
  readonly now: () => number;
  /** Runs a task in a later turn. */
  readonly defer: (task: () => void) => void;
  /** A flush threw: a fault of ours that must not stop the others. */
  readonly onFault: (thrown: unknown, item: Flushable) => void;
}

/**
 * Flushes what was woken, in slices, so that a change that concerns thousands of streams never holds the event loop long, and
 * costs less than one long loop would (performance-limits 2.1).
 */
export class Flusher {
  readonly #options: FlusherOptions;
  readonly #woken = new Set<Flushable>();
  #scheduled = false;

  constructor(options: FlusherOptions) {
    this.#options = options;
  }

  wake(item: Flushable): void {
    this.#woken.add(item);
    this.#schedule();
  }

  forget(item: Flushable): void {
    this.#woken.delete(item);
  }

  get waiting(): number {
    return this.#woken.size;
  }

  #schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    this.#options.defer(() => this.#turn());
  }

  #turn(): void {
    this.#scheduled = false;
    const { perTurn, perTurnMs, now } = this.#options;
    const until = now() + perTurnMs;
    let left = perTurn;
    for (const item of this.#woken) {
      if (left === 0 || (left < perTurn && now() >= until)) break;
      left--;
      this.#woken.delete(item);
      try {
        item.flush();
      } catch (thrown) {
        this.#options.onFault(thrown, item);
      }
    }
    if (this.#woken.size > 0) this.#schedule();
  }
}
