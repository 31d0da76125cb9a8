import { AppError } from '../../core/index.js';
import type { ServerPeer } from '../contract.js';
import { type Resolve, resolveJoinAddresses } from '../join-addresses.js';
import { type ServerChoice, shuffled } from './server-choice.js';
import type { Timers } from './timers.js';

/** Pause between rounds of attempts of an agent that was joined before. */
const AGAIN_MS = 1000;

/** Addresses that are tried until one answers; `max` attempts, 0 = for ever. */
export interface JoinWish {
  readonly addresses: readonly string[];
  readonly intervalMs: number;
  readonly max: number;
}

export interface ServerSearchParts {
  readonly join: JoinWish;
  readonly choice: Pick<ServerChoice, 'inOrder' | 'isDraining'>;
  readonly timers: Timers;
  readonly resolve: Resolve;
  /** 0 to 1. */
  readonly random: () => number;
  /** Who holds the heartbeat. */
  readonly holder: () => ServerPeer | undefined;
  /** Whether a server has ever held it. */
  readonly hasJoined: () => boolean;
  /** Those of the addresses at which somebody takes a connection, found out in a moment. */
  readonly whoAnswers: (addresses: readonly string[]) => Promise<readonly string[]>;
  /** Nobody takes connections there: what there is of them is of no use. */
  readonly isGone: (address: string) => void;
  /** Lets the server at an address hold the heartbeat. Throws AppError. */
  readonly moveTo: (address: string) => Promise<void>;
  readonly onProblem: (problem: AppError) => void;
  readonly lastProblem: () => string;
  /** All attempts are used up. */
  readonly onGiveUp: (error: AppError) => void;
}

/** Looks for a server that holds the heartbeat, whenever none does or the one that does drains. */
export class ServerSearch {
  readonly #parts: ServerSearchParts;
  readonly #addresses: Set<string>;
  #wake: (() => void) | undefined;
  #isClosed = false;

  constructor(parts: ServerSearchParts) {
    this.#parts = parts;
    this.#addresses = new Set(parts.join.addresses);
  }

  /** Rounds of attempts until a server holds the heartbeat, and again when it is woken. Resolves when it gives up or is closed. */
  async run(): Promise<void> {
    const { join, timers, random, holder, hasJoined, lastProblem, onGiveUp } = this.#parts;
    const { max, intervalMs } = join;
    let vain = 0;
    while (!this.#isClosed) {
      const outcome = await this.#round();
      if (outcome === 'held') {
        vain = 0;
        if (holder() !== undefined) await this.#sleep();
        continue;
      }
      vain += 1;
      if (!hasJoined() && max > 0 && vain >= max) {
        const problem = `no server was joined in ${max} attempts: ${lastProblem() || 'no address is known'}`;
        onGiveUp(new AppError('unavailable', problem));
        return;
      }
      // Servers that are there and have too much to do are left in peace; a way that is cut may be whole at any moment.
      if (outcome === 'nobody answers') vain = 1;
      const pauseMs = hasJoined() ? Math.min(AGAIN_MS * vain, intervalMs) : intervalMs;
      const cancel = timers.after(pauseMs * (0.75 + random() / 2), () => this.wake());
      await this.#sleep();
      cancel();
    }
  }

  /** Begins the next round now. */
  wake(): void {
    this.#wake?.();
  }

  /** Looks for servers at these addresses too. */
  add(addresses: readonly string[]): void {
    for (const address of addresses) this.#addresses.add(address);
    this.wake();
  }

  close(): void {
    this.#isClosed = true;
    this.wake();
  }

  /** Tries every candidate once: at first by letting each of them show what is wrong, later only those that answer at all. */
  async #round(): Promise<'held' | 'refused' | 'nobody answers'> {
    const { choice, resolve, random, holder, hasJoined, isGone, moveTo, onProblem, whoAnswers } = this.#parts;
    const joinAddresses = await resolveJoinAddresses([...this.#addresses], resolve, (problem) =>
      onProblem(new AppError('unavailable', problem)),
    );
    const known = choice.inOrder(holder()?.id).map(({ address }) => address);
    const all = [...new Set([...known, ...shuffled(joinAddresses, random)])];
    const isLost = holder() === undefined && hasJoined();
    const candidates = isLost ? await whoAnswers(all) : all;
    for (const address of all) if (!candidates.includes(address)) isGone(address);
    for (const address of candidates) {
      if (this.#isClosed) return 'refused';
      const server = holder();
      if (server?.address === address && !choice.isDraining(server)) return 'held';
      try {
        await moveTo(address);
        return 'held';
      } catch (thrown) {
        onProblem(AppError.from(thrown));
      }
    }
    if (holder() !== undefined) return 'held';
    return candidates.length > 0 ? 'refused' : 'nobody answers';
  }

  #sleep(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = () => {
        this.#wake = undefined;
        resolve();
      };
      if (this.#isClosed) this.#wake();
    });
  }
}
