import type { Clock } from '../../core/index.js';
import type { Entry, Subscription, Wakeable } from './subscription.js';

/** Who does not answer must not keep connections open: then they end though new ones may have been made by the old rules. */
const PATIENCE_MS = 1_000;

/**
 * When access is taken away the destinations' Envoys get new rules, and the callers' Envoys end the connections that were made by the old
 * ones. The order counts: a connection made after the end and before the rules would live on. So a greater chain epoch waits until
 * every connected proxy has answered the rules that it was given, a second at most. One for all streams of a server.
 */
export class EpochGate {
  readonly #clock: Clock;
  readonly #unanswered = new Set<Wakeable>();
  readonly #waiting = new Map<Wakeable, { readonly sinceMs: number; readonly stopTimer: () => void }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Filters are due to a session or unanswered by it, or not any more. */
  note(session: Wakeable, pending: boolean): void {
    if (pending) this.#unanswered.add(session);
    else if (this.#unanswered.delete(session) && this.#unanswered.size === 0) this.#open();
  }

  /** The session is closed. */
  forget(session: Wakeable): void {
    this.note(session, false);
    this.#waiting.get(session)?.stopTimer();
    this.#waiting.delete(session);
  }

  /** The listeners that may not be sent to a session now although their content has changed; undefined = none. Wakes it in time. */
  held(session: Wakeable, { dirty }: Subscription): ReadonlySet<Entry> | undefined {
    const bumped = dirty === undefined ? [] : [...dirty].filter(isBumped);
    const others = this.#unanswered.size - (this.#unanswered.has(session) ? 1 : 0);
    const waiting = this.#waiting.get(session);
    const patient = waiting === undefined || this.#clock.now() - waiting.sinceMs < PATIENCE_MS;
    if (bumped.length === 0 || others === 0 || !patient) {
      waiting?.stopTimer();
      this.#waiting.delete(session);
      return undefined;
    }
    if (waiting === undefined) {
      const stopTimer = this.#clock.after(PATIENCE_MS, () => session.wake());
      this.#waiting.set(session, { sinceMs: this.#clock.now(), stopTimer });
    }
    return new Set(bumped);
  }

  #open(): void {
    for (const session of this.#waiting.keys()) session.wake();
  }
}

/** The client has the listener, with connections of before a write that took access away. */
function isBumped(entry: Entry): boolean {
  return entry.held && (entry.source.current?.chainEpoch ?? 0) > (entry.accepted?.chainEpoch ?? 0);
}
