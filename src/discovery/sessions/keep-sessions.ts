import type { Clock } from '../../core/index.js';
import type { SessionRecord, SessionRenewalRecord } from '../../model/index.js';
import type { Commit, Duty, StateStore, TakeDuty } from '../../state/index.js';
import { ttlMsOf } from './create-session.js';
import { endSession } from './end-session.js';
import { releaseEnded } from './release-ended.js';
import { sweepLockDelays } from './sweep-lock-delays.js';

/** A session ends this many TTLs after its last renewal: clients are told that it is between one and two. */
const EXPIRES_AFTER_TTLS = 1.5;
/** A timer that comes later than this share of the TTL says that this process stood still and heard no renewals. */
const STOOD_STILL_TTLS = 0.25;
const RETRY_MS = 1000;
/** Lock-delays are at most a minute long; they are swept when those of the last minute are over. */
const SWEEP_AFTER_MS = 61_000;

export interface SessionKeeperOptions {
  readonly store: StateStore;
  readonly clock: Clock;
  /** Resolves in a later turn of the event loop. */
  readonly nextTurn: () => Promise<void>;
  /** Told of what could not be done and is tried again. */
  readonly warn: (message: string) => void;
  /** Other servers share this state: they are told of renewals. */
  readonly shared?: boolean;
  /** Ending sessions is the work of one server at a time. Default: of this one, always. */
  readonly take?: TakeDuty;
}

/** What one server of a cluster does for its sessions. */
export interface SessionKeeper {
  /** The session's time begins anew, on the server that watches over it once it resolves. */
  renew(session: SessionRecord): Promise<void>;
  /** How many sessions have a TTL that runs on this server. */
  readonly running: number;
  close(): void;
}

/**
 * Ends sessions whose TTL is over, gives back the keys of those that held many, and forgets lock-delays that are over, while
 * this server has the duty to. All timers start afresh when it gets it: renewals may have failed while nobody had it. The store
 * must be ready.
 */
export function keepSessions(options: SessionKeeperOptions): SessionKeeper {
  const { store, shared = false } = options;
  const always: TakeDuty = (start) => start({ isHeld: true, transact: (name, run) => store.transact(name, run) });
  let timers: SessionTimers | undefined;
  const giveUp = (options.take ?? always)((duty) => {
    const own = new SessionTimers(options, duty);
    timers = own;
    return () => {
      own.close();
      if (timers === own) timers = undefined;
    };
  });
  return {
    get running() {
      return timers?.running ?? 0;
    },
    async renew(session) {
      timers?.begin(session);
      if (!shared || ttlMsOf(session) === 0) return;
      await store.transact('session-renew', (transaction) => {
        const { id } = session;
        if (transaction.get('sessions', id) === undefined) return;
        const { renewals = 0, acquired } = transaction.get('session-renewals', id) ?? {};
        transaction.put('session-renewals', {
          id,
          renewals: renewals + 1,
          ...(acquired !== undefined && { acquired }),
        });
      });
    },
    close: giveUp,
  };
}

class SessionTimers {
  readonly #options: SessionKeeperOptions;
  readonly #duty: Duty;
  readonly #timers = new Map<string, () => void>();
  readonly #releasing = new Set<string>();
  readonly #unsubscribe: () => void;
  #cancelSweep: (() => void) | undefined;
  #closed = false;

  constructor(options: SessionKeeperOptions, duty: Duty) {
    this.#options = options;
    this.#duty = duty;
    const { store } = options;
    const subscription = store.commits$.subscribe((commit) => this.#onCommit(commit));
    this.#unsubscribe = () => subscription.unsubscribe();
    for (const session of store.view.range('sessions', 'all', [])) this.begin(session);
    for (const { id } of store.view.range('ended-sessions', 'all', [])) this.#release(id);
    if (store.view.range('lock-delays', 'all', []).length > 0) this.#sweepLater();
  }

  get running(): number {
    return this.#timers.size;
  }

  begin(session: SessionRecord): void {
    const ttlMs = ttlMsOf(session);
    if (ttlMs > 0 && !this.#closed) this.#expireIn(session.id, ttlMs * EXPIRES_AFTER_TTLS, ttlMs);
  }

  close(): void {
    this.#closed = true;
    this.#unsubscribe();
    this.#cancelSweep?.();
    for (const cancel of this.#timers.values()) cancel();
    this.#timers.clear();
  }

  #onCommit({ changes }: Commit): void {
    for (const { table, key, before, after } of changes) {
      if (table === 'sessions' && after === undefined) this.#forget(key);
      else if (table === 'sessions' && before === undefined) this.begin(after as SessionRecord);
      else if (table === 'session-renewals' && isRenewed(before, after)) this.#beginAgain(key);
      else if (table === 'ended-sessions' && after !== undefined) this.#release(key);
      else if (table === 'lock-delays' && after !== undefined) this.#sweepLater();
    }
  }

  #beginAgain(id: string): void {
    const session = this.#options.store.view.get('sessions', id);
    if (session !== undefined) this.begin(session);
  }

  #forget(id: string): void {
    this.#timers.get(id)?.();
    this.#timers.delete(id);
  }

  #expireIn(id: string, delayMs: number, ttlMs: number): void {
    const { clock } = this.#options;
    const dueMs = clock.now() + delayMs;
    this.#timers.get(id)?.();
    const cancel = clock.after(delayMs, () => {
      const stoodStill = clock.now() - dueMs > ttlMs * STOOD_STILL_TTLS;
      if (stoodStill) this.#expireIn(id, ttlMs, ttlMs);
      else this.#expire(id, cancel);
    });
    this.#timers.set(id, cancel);
  }

  /** `timer` is the one that has run out: a renewal puts another in its place. */
  #expire(id: string, timer: () => void): void {
    const { clock, warn } = this.#options;
    const isDue = (): boolean => this.#timers.get(id) === timer;
    this.#duty
      .transact('session-expire', (transaction) => {
        const session = transaction.get('sessions', id);
        if (session !== undefined && isDue()) endSession(transaction, session);
      })
      .catch((thrown: unknown) => {
        if (this.#closed) return;
        warn(`a session whose TTL is over could not be ended, and is tried again: ${String(thrown)}`);
        if (isDue()) clock.after(RETRY_MS, () => isDue() && this.#expire(id, timer));
      });
  }

  #release(id: string): void {
    if (this.#releasing.has(id) || this.#closed) return;
    this.#releasing.add(id);
    const { store, clock, nextTurn, warn } = this.#options;
    releaseEnded(store, this.#duty, id, nextTurn, () => this.#closed)
      .catch((thrown: unknown) => {
        if (this.#closed) return;
        warn(`the keys of a session that ended could not be given back, and are tried again: ${String(thrown)}`);
        clock.after(RETRY_MS, () => this.#release(id));
      })
      .finally(() => this.#releasing.delete(id));
  }

  #sweepLater(): void {
    this.#cancelSweep ??= this.#options.clock.after(SWEEP_AFTER_MS, () => {
      this.#cancelSweep = undefined;
      if (this.#closed) return;
      const { store, clock, nextTurn, warn } = this.#options;
      sweepLockDelays(store, this.#duty, clock, nextTurn)
        .then((left) => left > 0 && !this.#closed && this.#sweepLater())
        .catch((thrown: unknown) => {
          if (this.#closed) return;
          warn(`lock-delays that are over could not be removed, and are tried again: ${String(thrown)}`);
          this.#sweepLater();
        });
    });
  }
}

function isRenewed(before: object | undefined, after: object | undefined): boolean {
  const count = (record: object | undefined): number => (record as SessionRenewalRecord | undefined)?.renewals ?? 0;
  return count(after) > count(before);
}
