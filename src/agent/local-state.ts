import type { LocalCheck, LocalService } from './local-agent.js';
import { SyncTokens } from './sync-tokens.js';

/** The maps behind a local agent, with a waiter for changes. */
export class LocalState {
  readonly services = new Map<string, LocalService>();
  readonly checks = new Map<string, LocalCheck>();
  readonly tokens = new SyncTokens();
  readonly #waiters = new Set<() => void>();
  readonly #watchers = new Set<() => void>();

  changed(): void {
    for (const watcher of [...this.#watchers]) watcher();
    const waiters = [...this.#waiters];
    this.#waiters.clear();
    for (const wake of waiters) wake();
  }

  /** Tells of every change. Returns what ends the watch. */
  watch(listener: () => void): () => void {
    this.#watchers.add(listener);
    return () => void this.#watchers.delete(listener);
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
