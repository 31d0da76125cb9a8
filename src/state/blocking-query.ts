import { AppError, type Clock } from '../core/index.js';
import type { CellConsumer, CellGraph, CellNode } from './derive/index.js';
import type { BlockingOptions } from './state-store.js';

/** Consul adds up to a sixteenth of the wait, so that clients that began together do not return together. */
const JITTER_SHARE = 1 / 16;

/** One parked blocking query: ends when the value is different and the index above the wanted one. */
class Waiter implements CellConsumer {
  seen: number;
  readonly #index: number;
  readonly #end: () => void;

  constructor(node: CellNode, index: number, end: () => void) {
    this.seen = node.valueVersion;
    this.#index = index;
    this.#end = end;
  }

  tell(node: CellNode): void {
    this.seen = node.valueVersion;
    if (node.index > this.#index) this.#end();
  }
}

/** The parked blocking queries. A waiter is one consumer of the cell that all who ask the same share. */
export class ParkedQueries {
  readonly #graph: CellGraph;
  readonly #clock: Clock;
  readonly #random: () => number;
  readonly #ends = new Set<(error?: AppError) => void>();

  constructor(graph: CellGraph, clock: Clock, random: () => number) {
    this.#graph = graph;
    this.#clock = clock;
    this.#random = random;
  }

  get size(): number {
    return this.#ends.size;
  }

  /**
   * Waits on a verified cell until it changes or the wait (plus jitter) is over. Rejects with AppError('cancelled') when the
   * signal is aborted. An index from the future waits like any other: indexes of this state may still be below it.
   */
  wait(node: CellNode, { index, waitMs, signal }: BlockingOptions): Promise<void> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted) {
        reject(wentAway());
        return;
      }
      const finish = (error?: AppError): void => {
        cancelTimer();
        signal?.removeEventListener('abort', onAbort);
        this.#ends.delete(finish);
        this.#graph.removeConsumer(node, waiter);
        if (error) reject(error);
        else resolve();
      };
      const onAbort = (): void => finish(wentAway());
      const waiter = new Waiter(node, index, finish);
      const delayMs = waitMs + Math.floor(this.#random() * waitMs * JITTER_SHARE);
      const cancelTimer = this.#clock.after(delayMs, () => finish());
      signal?.addEventListener('abort', onAbort, { once: true });
      this.#ends.add(finish);
      this.#graph.addConsumer(node, waiter);
    });
  }

  /** Ends all waits: the state is another one. */
  wakeAll(): void {
    for (const end of [...this.#ends]) end();
  }

  close(error: AppError): void {
    for (const end of [...this.#ends]) end(error);
  }
}

function wentAway(): AppError {
  return new AppError('cancelled', 'The caller of a blocking query went away.');
}
