import { AppError, type Clock } from '../core/index.js';
import type { Duty, DutyFence, LiveArea, LiveEntry, StateStore } from '../state/index.js';

const DUTIES = 'duties/';
/** A duty that nobody has is noticed at once; this is for when it was not. */
const LOOK_EVERY_MS = 5000;

/** Who has a duty, and since when (ms since the epoch). */
export interface DutyHolder {
  readonly duty: string;
  readonly server: string;
  readonly sinceMs: number;
}

/** The work that one of several servers does at a time. */
export interface Duties {
  /**
   * Competes for a duty: `start` is run whenever this server gets it, and what it returned when the server loses it or gives it
   * up. Returns the function that gives it up.
   */
  take(name: string, start: (duty: Duty) => () => void): () => void;
  /** Duties that this server has at this moment. */
  readonly held: readonly string[];
  /** Everybody's duties, as far as is known. */
  holders(): readonly DutyHolder[];
  /** Stops what is under way, and lets other servers take over at once. */
  close(): void;
}

export interface DutiesOptions {
  readonly live: LiveArea;
  readonly store: Pick<StateStore, 'transact'>;
  /** This server's name among the servers. */
  readonly server: string;
  readonly clock: Clock;
  /** Told of work that could not be begun. */
  readonly warn: (message: string) => void;
}

/**
 * Duties by keys of the live area: who made the key has the duty for as long as his lease is kept. What is written under a duty
 * compares that key, so that a server that stood still writes nothing late.
 */
export function createDuties(options: DutiesOptions): Duties {
  return new LeasedDuties(options);
}

interface Taken {
  readonly name: string;
  readonly start: (duty: Duty) => () => void;
  held: { readonly fence: DutyFence; readonly stop: () => void } | undefined;
  isClaiming: boolean;
  isGivenUp: boolean;
}

class LeasedDuties implements Duties {
  readonly #options: DutiesOptions;
  readonly #taken = new Map<string, Taken>();
  readonly #holders = new Map<string, DutyHolder>();
  readonly #closers: (() => void)[];
  #cancelLook: () => void = () => undefined;
  #closed = false;

  constructor(options: DutiesOptions) {
    this.#options = options;
    const { live } = options;
    this.#closers = [
      live.onAlive((isAlive) => {
        for (const taken of this.#taken.values())
          if (isAlive) void this.#claim(taken);
          else this.#lose(taken);
      }),
      live.watch((change) => {
        if (change.type === 'gone') this.#onGone(change.key);
        else for (const entry of change.type === 'all' ? change.entries : [change.entry]) this.#onPut(entry);
      }),
    ];
    this.#lookLater();
  }

  get held(): readonly string[] {
    return [...this.#taken.values()].filter((taken) => this.#isHeld(taken)).map(({ name }) => name);
  }

  holders(): readonly DutyHolder[] {
    return [...this.#holders.values()];
  }

  take(name: string, start: (duty: Duty) => () => void): () => void {
    if (this.#taken.has(name)) throw new AppError('internal', `The duty ${name} is taken twice.`);
    const taken: Taken = { name, start, held: undefined, isClaiming: false, isGivenUp: false };
    this.#taken.set(name, taken);
    void this.#claim(taken);
    return () => {
      if (taken.isGivenUp) return;
      taken.isGivenUp = true;
      this.#taken.delete(name);
      const hadIt = taken.held !== undefined;
      this.#lose(taken);
      if (hadIt && !this.#closed) this.#options.live.remove(DUTIES + name).catch(() => undefined);
    };
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#cancelLook();
    for (const close of this.#closers) close();
    for (const taken of this.#taken.values()) this.#lose(taken);
  }

  #isHeld({ held }: Taken): boolean {
    return held !== undefined && this.#options.live.isAlive;
  }

  async #claim(taken: Taken): Promise<void> {
    const { live, server, clock } = this.#options;
    if (taken.held || taken.isClaiming || taken.isGivenUp || this.#closed || !live.isAlive) return;
    taken.isClaiming = true;
    try {
      const value = JSON.stringify({ server, since: clock.now() });
      const fence = await live.claim(DUTIES + taken.name, value);
      // Given up while it was on its way.
      if (fence && (taken.isGivenUp || this.#closed)) live.remove(DUTIES + taken.name).catch(() => undefined);
      else if (fence && live.isAlive) this.#begin(taken, fence);
    } catch {
      // Tried again at the next look, or when this server is in touch again.
    } finally {
      taken.isClaiming = false;
    }
  }

  #begin(taken: Taken, fence: DutyFence): void {
    const { store, warn } = this.#options;
    const held = { fence, stop: (): void => undefined };
    taken.held = held;
    const isHeld = (): boolean => taken.held?.fence === fence && this.#isHeld(taken);
    const duty: Duty = {
      get isHeld() {
        return isHeld();
      },
      async transact(name, run) {
        if (!isHeld()) throw new AppError('conflict', `This server does not have the duty ${taken.name} any more.`);
        return store.transact(name, run, fence);
      },
    };
    try {
      held.stop = taken.start(duty);
    } catch (thrown) {
      warn(`the duty ${taken.name} could not be begun: ${AppError.from(thrown).message}`);
    }
  }

  #lose(taken: Taken): void {
    const { held } = taken;
    taken.held = undefined;
    held?.stop();
  }

  #onPut({ key, value, createRevision }: LiveEntry): void {
    if (!key.startsWith(DUTIES)) return;
    const name = key.slice(DUTIES.length);
    const { server, since } = parsed(value);
    this.#holders.set(name, { duty: name, server, sinceMs: since });
    const taken = this.#taken.get(name);
    if (taken?.held && taken.held.fence.createRevision < createRevision) this.#lose(taken);
  }

  #onGone(key: string): void {
    if (!key.startsWith(DUTIES)) return;
    const name = key.slice(DUTIES.length);
    this.#holders.delete(name);
    const taken = this.#taken.get(name);
    if (!taken) return;
    this.#lose(taken);
    void this.#claim(taken);
  }

  #lookLater(): void {
    this.#cancelLook = this.#options.clock.after(LOOK_EVERY_MS, () => {
      for (const taken of this.#taken.values()) void this.#claim(taken);
      this.#lookLater();
    });
  }
}

function parsed(value: string): { readonly server: string; readonly since: number } {
  try {
    const { server, since } = JSON.parse(value) as { readonly server?: unknown; readonly since?: unknown };
    return { server: typeof server === 'string' ? server : '', since: typeof since === 'number' ? since : 0 };
  } catch {
    return { server: '', since: 0 };
  }
}
