import type { Clock } from '../../core/index.js';
import type { EncodedResource } from '../resources/spec.js';
import type { Subscriptions } from './burst.js';
import { referencesOf, refersTo } from './references.js';
import { type Entry, newestOf, type Subscription } from './subscription.js';

/** Envoy's workers have taken over a cluster by then, on a busy machine too. */
const REST_MS = 500;

/** An answer may wait for other clusters that are not ready; what is due must not wait as long. */
const PATIENCE_MS = 5_000;

export interface AggregateGateOptions {
  readonly clock: Clock;
  /** Look again. */
  readonly wake: () => void;
}

/**
 * Lets a client's aggregate clusters rest: each of Envoy's workers builds the load balancer of a new aggregate from an object that the main
 * thread drops with the next change or removal of it, and a worker that comes too late reads freed memory, so that Envoy dies. All versions
 * so far (envoyproxy/envoy#35157). Workers of a starting Envoy begin only after its first listeners.
 */
export class AggregateGate {
  readonly #cluster: Subscription;
  readonly #listener: Subscription;
  readonly #clock: Clock;
  readonly #wake: () => void;
  /** Names of aggregates that the client was given lately, and when they have rested. */
  #restingUntilMs: Map<string, number> | undefined;
  #isServing = false;
  #stopTimer: (() => void) | undefined;

  constructor({ cluster, listener }: Subscriptions, { clock, wake }: AggregateGateOptions) {
    this.#cluster = cluster;
    this.#listener = listener;
    this.#clock = clock;
    this.#wake = wake;
  }

  /** A cluster goes out to the client. */
  clusterSent(resource: EncodedResource): void {
    if (refersTo(resource, 'cluster'))
      (this.#restingUntilMs ??= new Map()).set(resource.name, this.#clock.now() + PATIENCE_MS);
  }

  /** The client has answered clusters or listeners: what it had not taken over is about to be. */
  answered(): void {
    if (this.#restingUntilMs === undefined) return;
    this.#isServing ||= [...this.#listener.entries.values()].some((entry) => entry.accepted !== undefined);
    if (!this.#isServing) return;
    const restedAtMs = this.#clock.now() + REST_MS;
    const unanswered = new Set(this.#cluster.outstanding.flatMap(({ items }) => items.map(({ entry }) => entry.name)));
    for (const [name, untilMs] of this.#restingUntilMs)
      if (!unanswered.has(name)) this.#restingUntilMs.set(name, Math.min(untilMs, restedAtMs));
  }

  /** Aggregates that may not be changed or removed now although they should be; undefined = none. Comes back by itself. */
  resting(): ReadonlySet<Entry> | undefined {
    if (this.#restingUntilMs === undefined) return undefined;
    const now = this.#clock.now();
    const resting = new Set<Entry>();
    let soonestMs = Number.POSITIVE_INFINITY;
    for (const [name, untilMs] of this.#restingUntilMs) {
      if (untilMs <= now) this.#restingUntilMs.delete(name);
      const entry = this.#cluster.entries.get(name);
      if (untilMs <= now || entry === undefined || !this.#isDue(entry)) continue;
      resting.add(entry);
      soonestMs = Math.min(soonestMs, untilMs);
    }
    if (this.#restingUntilMs.size === 0) this.#restingUntilMs = undefined;
    this.#stopTimer?.();
    this.#stopTimer = resting.size === 0 ? undefined : this.#clock.after(soonestMs - now, this.#wake);
    return resting.size === 0 ? undefined : resting;
  }

  /**
   * Clusters to be removed that stay for now: aggregates that rest, and members of aggregates that the client still has in the old form;
   * undefined = none.
   */
  stillUsed(resting: ReadonlySet<Entry> | undefined): ReadonlySet<string> | undefined {
    const { removals, entries } = this.#cluster;
    if (removals === undefined || removals.size === 0) return undefined;
    const used = new Set<string>();
    for (const entry of entries.values()) {
      if (!entry.held || (removals.has(entry.name) && resting?.has(entry) !== true)) continue;
      for (const name of referencesOf(newestOf(entry), 'cluster')) if (removals.has(name)) used.add(name);
      if (removals.has(entry.name)) used.add(entry.name);
    }
    return used.size === 0 ? undefined : used;
  }

  close(): void {
    this.#stopTimer?.();
  }

  #isDue(entry: Entry): boolean {
    if (this.#cluster.removals?.has(entry.name)) return true;
    return this.#cluster.dirty?.has(entry) === true && entry.source.current?.version !== entry.sent;
  }
}
