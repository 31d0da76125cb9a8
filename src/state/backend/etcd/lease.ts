import type { AppError, Clock } from '../../../core/index.js';
import { appErrorOf, type EtcdClient } from './client/index.js';

/** After this share of a lease's life without an answer its holder acts as if it were over: sooner than etcd ends it. */
const TRUSTED_SHARE = 2 / 3;
const RENEWALS_PER_LIFE = 3;
const RETRY_MS = 300;

export interface LeaseParts {
  readonly client: EtcdClient;
  readonly clock: Clock;
  /** A clock that never jumps, in ms. */
  readonly monotonicMs: () => number;
  readonly ttlSeconds: number;
  /** A new lease: nothing is attached to it yet. */
  readonly onGranted: () => void;
  readonly onAlive: (isAlive: boolean) => void;
  readonly onProblem: (error: AppError) => void;
}

/**
 * The lease of this server, kept alive, and made anew when etcd ended it. `isAlive` is judged by when the last request that was
 * answered had been sent, on a clock that also runs while the process is stopped: so it is false before etcd ends the lease.
 */
export class Lease {
  readonly #parts: LeaseParts;
  #id: string | undefined;
  #answeredMs = Number.NEGATIVE_INFINITY;
  #wasAlive = false;
  #hasFailed = false;
  #isRenewing = false;
  #closed = false;
  #cancelTurn: () => void = () => undefined;
  #cancelLapse: () => void = () => undefined;

  constructor(parts: LeaseParts) {
    this.#parts = parts;
    void this.#turn();
  }

  /** Undefined until there is one. */
  get id(): string | undefined {
    return this.#id;
  }

  get isAlive(): boolean {
    return this.#id !== undefined && this.#leftMs > 0;
  }

  /** etcd says that this lease does not exist any more. */
  lost(id: string): void {
    if (this.#id !== id) return;
    this.#id = undefined;
    this.#tell();
    if (this.#isRenewing || this.#closed) return;
    this.#cancelTurn();
    void this.#turn();
  }

  /** Ends the lease, so that others see at once that this server is gone. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#cancelTurn();
    this.#cancelLapse();
    const id = this.#id;
    this.#id = undefined;
    if (id !== undefined) await this.#parts.client.revokeLease(id).catch(() => undefined);
  }

  get #lifeMs(): number {
    return this.#parts.ttlSeconds * 1000;
  }

  get #leftMs(): number {
    return this.#answeredMs + this.#lifeMs * TRUSTED_SHARE - this.#parts.monotonicMs();
  }

  async #turn(): Promise<void> {
    const { clock, onProblem } = this.#parts;
    this.#isRenewing = true;
    try {
      await this.#renew();
      this.#hasFailed = false;
    } catch (thrown) {
      if (!this.#hasFailed && !this.#closed) onProblem(appErrorOf(thrown));
      this.#hasFailed = true;
    }
    this.#isRenewing = false;
    if (this.#closed) return;
    this.#tell();
    const isWell = this.#id !== undefined && !this.#hasFailed;
    this.#cancelTurn = clock.after(isWell ? this.#lifeMs / RENEWALS_PER_LIFE : RETRY_MS, () => void this.#turn());
  }

  async #renew(): Promise<void> {
    const { client, monotonicMs, ttlSeconds, onGranted } = this.#parts;
    const id = this.#id;
    const sentMs = monotonicMs();
    if (id !== undefined && (await client.keepLeaseAlive(id)) > 0) {
      if (this.#id === id) this.#answeredMs = sentMs;
      return;
    }
    if (this.#id !== id || this.#closed) return;
    this.#id = undefined;
    this.#tell();
    const askedMs = monotonicMs();
    const granted = (await client.grantLease(ttlSeconds)).ID;
    if (this.#closed) return void client.revokeLease(granted).catch(() => undefined);
    this.#id = granted;
    this.#answeredMs = askedMs;
    onGranted();
  }

  #tell(): void {
    const { clock, onAlive } = this.#parts;
    const { isAlive } = this;
    this.#cancelLapse();
    if (isAlive && !this.#closed)
      this.#cancelLapse = clock.after(Math.max(1, Math.ceil(this.#leftMs)), () => this.#tell());
    if (isAlive === this.#wasAlive) return;
    this.#wasAlive = isAlive;
    onAlive(isAlive);
  }
}
