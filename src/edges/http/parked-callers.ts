import type { AppError } from '../../core/index.js';
import type { HttpExchange } from './exchange.js';

/** The callers that may be told to stop waiting: each when it goes away, all when the server closes. */
export class ParkedCallers {
  readonly #waiting = new Set<AbortController>();
  readonly #closing: AbortSignal;

  constructor(closing: AbortSignal) {
    this.#closing = closing;
    closing.addEventListener('abort', () => this.#abortAll(), { once: true });
  }

  signalOf(exchange: HttpExchange): AbortSignal {
    const controller = new AbortController();
    if (this.#closing.aborted) controller.abort(this.#closing.reason as AppError);
    else if (exchange.isOver) controller.abort();
    else {
      this.#waiting.add(controller);
      exchange.onceOver((answered) => {
        this.#waiting.delete(controller);
        if (!answered) controller.abort();
      });
    }
    return controller.signal;
  }

  #abortAll(): void {
    for (const controller of this.#waiting) controller.abort(this.#closing.reason as AppError);
    this.#waiting.clear();
  }
}
