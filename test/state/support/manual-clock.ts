import type { Clock } from '../../../src/core/index.js';

/** A clock that moves only when told. */
export class ManualClock implements Clock {
  #now = 1_700_000_000_000;
  readonly #timers = new Set<{ readonly at: number; readonly task: () => void }>();

  now(): number {
    return this.#now;
  }

  after(delayMs: number, task: () => void): () => void {
    const timer = { at: this.#now + delayMs, task };
    this.#timers.add(timer);
    return () => void this.#timers.delete(timer);
  }

  /** How many timers wait. */
  get pending(): number {
    return this.#timers.size;
  }

  /** Moves time and runs what is due, in order. */
  advance(byMs: number): void {
    const target = this.#now + byMs;
    for (;;) {
      const due = [...this.#timers].filter(({ at }) => at <= target);
      const next = due.sort((left, right) => left.at - right.at)[0];
      if (!next) break;
      this.#timers.delete(next);
      this.#now = next.at;
      next.task();
    }
    this.#now = target;
  }
}
