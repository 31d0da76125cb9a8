import { AppError, type Clock } from '../../core/index.js';
import { followQuery, withIndex } from '../follow-query.js';
import type { KeptAnswer } from './kept-answers.js';
import type { ReadRequest } from './read-request.js';

/** An entry that nobody asked for so long is let go, and its query with it. */
const UNUSED_MS = 10 * 60_000;
/** Each costs a query that waits at a server. */
const MOST_ENTRIES = 256;

/** A cached answer, and how it was come by. */
export interface CachedAnswer {
  readonly answer: KeptAnswer;
  readonly isHit: boolean;
  /** Since the servers were last heard of it; 0 while a query of it waits there. */
  readonly ageMs: number;
}

export interface AgentCacheOptions {
  readonly clock: Clock;
  /** Asks a server; `signal` ends it. AppError. */
  readonly fetch: (target: string, token: string, signal: AbortSignal) => Promise<KeptAnswer>;
}

interface Entry {
  readonly target: string;
  readonly token: string;
  readonly end: AbortController;
  answer: KeptAnswer;
  usedAtMs: number;
  /** When the servers were last heard; undefined while they are. */
  lostAtMs: number | undefined;
  readonly waiters: Set<() => void>;
}

/** Answers to `?cached` reads, each kept up to date by a query that waits at a server for its next change (consul-behaviour 1.1). */
export class AgentCache {
  readonly #options: AgentCacheOptions;
  readonly #entries = new Map<string, Entry>();
  readonly #fetching = new Map<string, Promise<Entry>>();

  constructor(options: AgentCacheOptions) {
    this.#options = options;
  }

  /**
   * The answer to a read, at most `maxAgeMs` old; one that waits is given one with a higher index, or what there is when its time
   * is over. AppError of the servers when there is none.
   */
  async read(request: ReadRequest, token: string, maxAgeMs: number, signal: AbortSignal): Promise<CachedAnswer> {
    const { clock } = this.#options;
    const known = this.#entries.get(request.key);
    if (known === undefined) {
      const made = await this.#make(request, token, signal);
      return { answer: made.answer, isHit: false, ageMs: 0 };
    }
    known.usedAtMs = clock.now();
    this.#entries.delete(request.key);
    this.#entries.set(request.key, known);
    if (ageOf(known, clock) > maxAgeMs) throw new AppError('unavailable', 'the cached answer is older than it may be');
    if (request.index > 0 && known.answer.index <= request.index)
      await this.#nextChange(known, request.index, request.waitMs, signal);
    return { answer: known.answer, isHit: true, ageMs: ageOf(known, clock) };
  }

  get size(): number {
    return this.#entries.size;
  }

  close(): void {
    for (const { end } of this.#entries.values()) end.abort();
    this.#entries.clear();
  }

  /** Those who ask for the same at the same time share one question. */
  #make({ key, target }: ReadRequest, token: string, signal: AbortSignal): Promise<Entry> {
    const under = this.#fetching.get(key);
    if (under !== undefined) return under;
    const made = this.#options
      .fetch(target, token, signal)
      .then((answer) => this.#keep(key, target, token, answer))
      .finally(() => this.#fetching.delete(key));
    this.#fetching.set(key, made);
    return made;
  }

  #keep(key: string, target: string, token: string, answer: KeptAnswer): Entry {
    const entry: Entry = {
      target,
      token,
      answer,
      end: new AbortController(),
      usedAtMs: this.#options.clock.now(),
      lostAtMs: undefined,
      waiters: new Set(),
    };
    // What cannot be waited for would be asked for again and again.
    if (answer.status !== 200 || answer.index < 1) return entry;
    this.#entries.set(key, entry);
    for (const [oldest, { end }] of this.#entries) {
      if (this.#entries.size <= MOST_ENTRIES) break;
      end.abort();
      this.#entries.delete(oldest);
    }
    void this.#follow(key, entry);
    return entry;
  }

  /** One query after the other, each waiting at a server. */
  async #follow(key: string, entry: Entry): Promise<void> {
    const { clock, fetch } = this.#options;
    const { signal } = entry.end;
    await followQuery({
      clock,
      signal,
      startIndex: entry.answer.index,
      isWanted: () => clock.now() - entry.usedAtMs < UNUSED_MS,
      ask: async (index) => {
        const answer = await fetch(withIndex(entry.target, index), entry.token, signal);
        if (answer.status !== 200) throw new AppError('unavailable', `a server answered with status ${answer.status}`);
        return answer;
      },
      onAnswer: (answer) => {
        entry.lostAtMs = undefined;
        entry.answer = answer;
        for (const wake of [...entry.waiters]) wake();
      },
      onError: () => {
        entry.lostAtMs ??= clock.now();
      },
    });
    if (this.#entries.get(key) === entry) this.#entries.delete(key);
  }

  #nextChange(entry: Entry, index: number, waitMs: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve) => {
      const end = (): void => {
        cancel();
        entry.waiters.delete(look);
        signal.removeEventListener('abort', end);
        resolve();
      };
      const look = (): void => {
        if (entry.answer.index !== index) end();
      };
      const cancel = this.#options.clock.after(waitMs, end);
      entry.waiters.add(look);
      signal.addEventListener('abort', end, { once: true });
      if (signal.aborted) end();
    });
  }
}

const ageOf = ({ lostAtMs }: Entry, clock: Clock): number => (lostAtMs === undefined ? 0 : clock.now() - lostAtMs);
