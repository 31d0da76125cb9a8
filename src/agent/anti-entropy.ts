import { AppError, type Clock } from '../core/index.js';
import { SERF_HEALTH } from '../model/index.js';
import type { LocalState } from './local-state.js';
import type { CatalogChange, NodeCatalog } from './node-catalog.js';

/** Registered by the server itself, as is `SERF_HEALTH`; never removed as unknown. */
export const SERVER_SERVICE = 'consul';

/** At least; at most twice as long. */
const FULL_SYNC_MS = 60_000;
const RETRY_MS = 15_000;
/** From here on every doubling of the cluster makes full comparisons rarer. */
const SMALL_CLUSTER_NODES = 128;

export interface AntiEntropyOptions {
  readonly catalog: NodeCatalog;
  readonly clock: Clock;
  /** 0 <= random() < 1. */
  readonly random: () => number;
  readonly local: LocalState;
  readonly warn: (fields: object, message: string) => void;
}

/** Copies local services and checks into the catalog: what changed at once, everything from time to time (consul-behaviour 11.4). */
export class AntiEntropy {
  readonly #options: AntiEntropyOptions;
  readonly #dirtyServices = new Set<string>();
  readonly #dirtyChecks = new Set<string>();
  #full = true;
  #running: Promise<void> | undefined;
  #cancelTimer = (): void => undefined;
  #closed = false;
  #paused = false;
  #lastProblems: ReadonlySet<string> = new Set();
  readonly #forget: () => void;

  constructor(options: AntiEntropyOptions) {
    this.#options = options;
    this.#forget = options.catalog.onResync(() => this.#compare());
  }

  /** Marks a service (and what it owns is marked by the caller) as different from the catalog. */
  service(id: string): void {
    this.#dirtyServices.add(id);
  }

  check(id: string): void {
    this.#dirtyChecks.add(id);
  }

  /** Resolves when what is marked now is in the catalog, or when that failed and will be tried again. */
  async sync(): Promise<void> {
    if (this.#running) await this.#running;
    if (this.#paused || this.#closed || (!this.#full && this.#dirtyServices.size === 0 && this.#dirtyChecks.size === 0))
      return this.#running;
    this.#running ??= this.#pass().finally(() => {
      this.#running = undefined;
    });
    return this.#running;
  }

  /** Resolves when nothing is being copied; nothing will be until `resume`, which compares everything. */
  async pause(): Promise<void> {
    this.#paused = true;
    await this.#running;
  }

  resume(): void {
    this.#paused = false;
    this.#compare();
  }

  close(): void {
    this.#closed = true;
    this.#forget();
    this.#cancelTimer();
  }

  /** Everything, now. */
  #compare(): void {
    this.#full = true;
    void this.sync();
  }

  async #pass(): Promise<void> {
    const full = this.#full;
    const [dirtyServices, dirtyChecks] = [[...this.#dirtyServices], [...this.#dirtyChecks]];
    this.#full = false;
    this.#dirtyServices.clear();
    this.#dirtyChecks.clear();
    const refused = await this.#copy(full, dirtyServices, dirtyChecks);
    // Once in a row: it is tried again for as long as it takes.
    for (const problem of refused.filter((text) => !this.#lastProblems.has(text)))
      this.#options.warn({ error: problem }, 'a local service could not be copied into the catalog; trying again');
    this.#lastProblems = new Set(refused);
    const leastMs = refused.length > 0 ? RETRY_MS : this.#fullSyncMs();
    // Agents that began, or failed, at the same time do not go on in step.
    this.#next(Math.ceil(leastMs * (1 + this.#options.random())));
  }

  /** Returns what could not be copied. */
  async #copy(full: boolean, services: readonly string[], checks: readonly string[]): Promise<readonly string[]> {
    const { catalog, local } = this.#options;
    try {
      const stored = full ? await catalog.read() : undefined;
      const serviceIds = stored === undefined ? services : [...local.services.keys(), ...stored.serviceIds];
      const checkIds = stored === undefined ? checks : [...local.checks.keys(), ...stored.checkIds];
      const changes: readonly CatalogChange[] = [
        ...(full ? [{ kind: 'node' } as const] : []),
        ...[...new Set(serviceIds)]
          .filter((id) => id !== SERVER_SERVICE)
          .map(
            (id) =>
              ({ kind: 'service', id, service: local.services.get(id), token: local.tokens.service(id) }) as const,
          ),
        ...[...new Set(checkIds)]
          .filter((id) => id !== SERF_HEALTH)
          .map((id) => ({ kind: 'check', id, check: local.checks.get(id), token: local.tokens.check(id) }) as const),
      ];
      const refused = await catalog.write(changes);
      if (refused.length === 0) this.#forgetTokens(changes);
      return refused;
    } catch (thrown) {
      return [AppError.from(thrown).message];
    }
  }

  /** What has gone from here and from the catalog needs its token no longer. */
  #forgetTokens(changes: readonly CatalogChange[]): void {
    const { services, checks, tokens } = this.#options.local;
    for (const { kind, ...change } of changes)
      if ('id' in change && kind !== 'node' && !(kind === 'service' ? services : checks).has(change.id))
        tokens.forget(kind, change.id);
  }

  /** Longer in large clusters, for all agents compare with the same servers. */
  #fullSyncMs(): number {
    const nodes = this.#options.catalog.nodeCount();
    const scale = nodes <= SMALL_CLUSTER_NODES ? 1 : Math.ceil(Math.log2(nodes / SMALL_CLUSTER_NODES)) + 1;
    return scale * FULL_SYNC_MS;
  }

  #next(delayMs: number): void {
    this.#cancelTimer();
    if (this.#closed) return;
    this.#cancelTimer = this.#options.clock.after(delayMs, () => this.#compare());
  }
}
