import type { LocalCheck, LocalService } from './local-agent.js';

/** The maps behind a local agent, with a waiter for changes. */
export class LocalState {
  readonly services = new Map<string, LocalService>();
  readonly checks = new Map<string, LocalCheck>();
  readonly #waiters = new Set<() => void>();

  changed(): void {
    const waiters = [...this.#waiters];
    this.#waiters.clear();
    for (const wake of waiters) wake();
  }

  nextChange(signal: AbortSignal): Promise<void> {
    if (signal.aborted) return Promise.resolve();
    return new Promise((resolve) => {
      const wake = (): void => {
        this.#waiters.delete(wake);
        signal.removeEventListener('abort', wake);
        resolve();
      };
      this.#waiters.add(wake);
      signal.addEventListener('abort', wake, { once: true });
    });
  }

  checksOf(serviceId: string): LocalCheck[] {
    return [...this.checks.values()].filter((check) => check.serviceId === serviceId);
  }
}
