import type { Clock } from '../../core/index.js';
import type { EncodedResource } from '../resources/spec.js';
import type { BurstItem, Subscriptions } from './burst.js';
import { referencesOf } from './references.js';
import { type Entry, newestOf } from './subscription.js';

/** After a listener is accepted, its old filter chains still take what is on the way (envoy-facts 0.14). */
const SETTLING_MS = 250;

/** Connections are closed somewhat later than the drain time says. */
const DRAIN_MARGIN_MS = 500;

/** What never becomes ready must not keep a rule from being enforced: then it is, though it refuses those who are entitled. */
const PATIENCE_MS = 5_000;

/** Requests that were begun with a filter's old content may still be waiting for an answer from the clusters it used. */
const STILL_USED_MS = 10_000;

export interface FilterGateOptions {
  readonly clock: Clock;
  /** Look again. */
  readonly wake: () => void;
  /** When the client closes the connections of filter chains that were replaced; undefined = not known. */
  readonly drainTimeMs: number | undefined;
}

/**
 * Holds back filters whose time has not come: those that use clusters which the client is still preparing, and those that newly
 * rely on another filter until that one is there to be relied on (envoy-facts 0.14). Only what the client has got already is
 * held, so that a starting client is given everything.
 */
export class FilterGate {
  readonly #subscriptions: Subscriptions;
  readonly #clock: Clock;
  readonly #wake: () => void;
  readonly #drainTimeMs: number | undefined;
  #settledAtMs = 0;
  #waitingSinceMs: number | undefined;
  #stopTimer: (() => void) | undefined;
  #stopKeeping: (() => void) | undefined;
  /** Clusters that filters have used, and when nothing can use them any more. */
  #used: Map<string, number> | undefined;

  constructor(subscriptions: Subscriptions, { clock, wake, drainTimeMs }: FilterGateOptions) {
    this.#subscriptions = subscriptions;
    this.#clock = clock;
    this.#wake = wake;
    this.#drainTimeMs = drainTimeMs;
  }

  /**
   * The client has accepted a listener. Chains that had fewer filters take new connections for a moment, and requests on idle
   * connections until they are drained.
   */
  listenerAccepted(before: EncodedResource | undefined, now: EncodedResource): void {
    const had = new Set(filtersOf(before));
    const { extension } = this.#subscriptions;
    const isFound = (name: string): boolean => extension.entries.get(name)?.source.current?.provides !== undefined;
    if (filtersOf(now).some((name) => !had.has(name) && isFound(name)))
      this.#settledAtMs = this.#clock.now() + this.#settlingMs(before);
    const has = new Set(filtersOf(now));
    for (const name of had) if (!has.has(name)) this.#noteUse(extension.entries.get(name)?.accepted, undefined);
  }

  #settlingMs(before: EncodedResource | undefined): number {
    if (before === undefined || this.#drainTimeMs === undefined) return SETTLING_MS;
    return this.#drainTimeMs + DRAIN_MARGIN_MS;
  }

  /** The client has accepted a filter. */
  filterAccepted(before: EncodedResource | undefined, now: EncodedResource): void {
    this.#noteUse(before, now);
  }

  /** Clusters that must not be removed yet; undefined = none. Comes back by itself. */
  stillUsed(): ReadonlySet<string> | undefined {
    const { removals } = this.#subscriptions.cluster;
    if (!this.#used || !removals || removals.size === 0) return undefined;
    const now = this.#clock.now();
    for (const [name, untilMs] of this.#used) if (untilMs <= now) this.#used.delete(name);
    const names = [...removals].filter((name) => this.#used?.has(name));
    if (names.length === 0) return undefined;
    this.#stopKeeping?.();
    const untilMs = Math.min(...names.map((name) => this.#used?.get(name) ?? now));
    this.#stopKeeping = this.#clock.after(untilMs - now, this.#wake);
    return new Set(names);
  }

  #noteUse(before: EncodedResource | undefined, now: EncodedResource | undefined): void {
    if (before === undefined || before.references.length === 0) return;
    const uses = new Set(clustersOf(now));
    for (const name of clustersOf(before))
      if (!uses.has(name)) (this.#used ??= new Map()).set(name, this.#clock.now() + STILL_USED_MS);
  }

  close(): void {
    this.#stop();
    this.#stopKeeping?.();
  }

  /** The filters that may not be sent now although their content has changed; undefined = none. Comes back by itself. */
  waiting(): ReadonlySet<Entry> | undefined {
    const { extension } = this.#subscriptions;
    if (!extension.dirty && !extension.singly) return this.#stop();
    // Thousands of proxies are told a rule that nothing else has to do with.
    if (!hasConcern(extension.dirty) && !hasConcern(extension.singly)) return this.#stop();
    const due = [...new Set([...(extension.dirty ?? []), ...(extension.singly ?? [])])].filter(
      (entry) => entry.held && !extension.answers?.has(entry),
    );
    const waiting = this.#early(due);
    if (waiting.size === 0) return this.#stop();
    const now = this.#clock.now();
    this.#waitingSinceMs ??= now;
    const leftMs = this.#waitingSinceMs + PATIENCE_MS - now;
    const settlingMs = this.#settledAtMs - now;
    if (leftMs <= 0 && settlingMs <= 0) return undefined;
    this.#comeBack(settlingMs > 0 ? settlingMs : leftMs);
    return waiting;
  }

  /** Nothing waits any more. */
  #stop(): undefined {
    this.#waitingSinceMs = undefined;
    this.#stopTimer?.();
    this.#stopTimer = undefined;
  }

  #comeBack(inMs: number): void {
    this.#stopTimer?.();
    this.#stopTimer = this.#clock.after(inMs, this.#wake);
  }

  #early(due: readonly Entry[]): Set<Entry> {
    const early = new Set(due.filter((entry) => !this.#clustersReady(entry.source.current)));
    for (const entry of due) if (!this.#canRely(entry, early)) early.add(entry);
    // What one that waits still relies on must stay.
    for (const entry of due) if (this.#takesFromWaiting(entry, early)) early.add(entry);
    return early;
  }

  #clustersReady(resource: EncodedResource | undefined): boolean {
    const { cluster } = this.#subscriptions;
    return clustersOf(resource).every((name) => {
      const entry = cluster.entries.get(name);
      return entry === undefined || entry.accepted !== undefined || (entry.held && !isOutstanding(entry));
    });
  }

  /** Whether what a filter newly relies on is there: in every listener with both, settled, and able to find out. */
  #canRely(entry: Entry, early: ReadonlySet<Entry>): boolean {
    const reliance = entry.source.current?.reliesOn;
    if (!reliance || reliance.findings.length === 0) return true;
    const already = newestOf(entry)?.reliesOn?.findings ?? [];
    if (reliance.findings.every((finding) => already.includes(finding))) return true;
    const other = this.#subscriptions.extension.entries.get(reliance.filter);
    if (other && (early.has(other) || !this.#clustersReady(other.source.current))) return false;
    return this.#clock.now() >= this.#settledAtMs && this.#listenersHave(entry.name, reliance.filter);
  }

  #listenersHave(filter: string, other: string): boolean {
    return this.#subscriptions.listener.entries.values().every(({ source, accepted, held, wanted }) => {
      const filters = filtersOf(source.current);
      if (!wanted || !held || !filters.includes(filter) || !filters.includes(other)) return true;
      return filtersOf(accepted).includes(other);
    });
  }

  #takesFromWaiting(entry: Entry, early: ReadonlySet<Entry>): boolean {
    const provides = entry.source.current?.provides;
    if (provides === undefined) return false;
    return [...early].some((other) => {
      const reliance = newestOf(other)?.reliesOn;
      return reliance?.filter === entry.name && !reliance.findings.every((finding) => provides.includes(finding));
    });
  }
}

/** Whether a filter among these relies on another one, uses clusters, or is relied on: then its time may not have come. */
function hasConcern(entries: ReadonlySet<Entry> | undefined): boolean {
  for (const { source } of entries ?? []) {
    const { current } = source;
    if (current && (current.reliesOn || current.provides || current.references.length > 0)) return true;
  }
  return false;
}

/**
 * Filters in the order in which they must be sent: one that relies on more than another one has found out so far goes behind that
 * one, which finds out more now; one that relies on less goes before it (envoy-facts 0.14).
 */
export function inOrderOfReliance(items: readonly BurstItem[]): readonly BurstItem[] {
  if (items.length < 2) return items;
  const rank = ({ resource: { reliesOn } }: BurstItem): number => {
    const other = reliesOn && items.find(({ entry }) => entry.name === reliesOn.filter);
    if (!reliesOn || !other) return 1;
    const found = newestOf(other.entry)?.provides ?? [];
    return reliesOn.findings.every((finding) => found.includes(finding)) ? 0 : 2;
  };
  const ranked = items.map((item) => ({ item, rank: rank(item) }));
  return bridged(ranked.sort((left, right) => left.rank - right.rank).map(({ item }) => item));
}

/**
 * Where one filter stops finding out what another one still relies on, and begins with what that one is about to rely on, no order
 * of the two is right: the first goes with both findings, then the second, then the first as it is to be.
 */
function bridged(items: readonly BurstItem[]): readonly BurstItem[] {
  const last: BurstItem[] = [];
  const first = items.map((item) => {
    const both = bridgeTo(item, items);
    if (both === undefined) return item;
    last.push(item);
    return { ...item, resource: both };
  });
  return last.length === 0 ? items : [...first, ...last];
}

function bridgeTo({ entry, resource }: BurstItem, items: readonly BurstItem[]): EncodedResource | undefined {
  const relying = items.find((item) => item.resource.reliesOn?.filter === entry.name);
  const before = newestOf(entry);
  if (!relying || before?.parts === undefined || !resource.provides || !resource.unite) return undefined;
  const [relied = [], relies = []] = [newestOf(relying.entry), relying.resource].map((one) => one?.reliesOn?.findings);
  const isFound = (finding: string): boolean => before.provides?.includes(finding) === true;
  const isLost = (finding: string): boolean => resource.provides?.includes(finding) !== true;
  return relies.every(isFound) || !relied.some(isLost) ? undefined : resource.unite(before.parts);
}

const filtersOf = (listener: EncodedResource | undefined): readonly string[] => referencesOf(listener, 'extension');
const clustersOf = (filter: EncodedResource | undefined): readonly string[] => referencesOf(filter, 'cluster');

function isOutstanding(entry: Entry): boolean {
  return entry.owner.outstanding.some(({ items }) => items.some((item) => item.entry === entry));
}
