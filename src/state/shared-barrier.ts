import type { AppliedRevisions } from './applied-revisions.js';
import type { Backend } from './backend/index.js';

/** One barrier read of the engine for all who wait: a caller shares the next read to begin, never one already under way. */
export class SharedBarrier {
  readonly #backend: Backend;
  readonly #applied: AppliedRevisions;
  #running: Promise<void> | undefined;
  #next: Promise<void> | undefined;

  constructor(backend: Backend, applied: AppliedRevisions) {
    this.#backend = backend;
    this.#applied = applied;
  }

  /** Resolves when everything acknowledged to anybody before the call is applied here. */
  wait(): Promise<void> {
    const begin = (): Promise<void> => this.#begin();
    // Also when nothing is under way it begins after this turn's work, so that all who ask in one turn share it.
    this.#next ??= (this.#running ?? Promise.resolve()).then(begin, begin);
    return this.#next;
  }

  #begin(): Promise<void> {
    this.#next = undefined;
    const read = this.#backend.barrier().then((revision) => this.#applied.reached(revision));
    const running = read.finally(() => {
      if (this.#running === running) this.#running = undefined;
    });
    this.#running = running;
    return running;
  }
}
