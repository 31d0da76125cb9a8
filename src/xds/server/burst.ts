import type { EncodedResource, ResourceType } from '../resources/spec.js';
import { inOrderOfReliance } from './filter-gate.js';
import { refersTo } from './references.js';
import { sharesAddress } from './listener-address.js';
import type { StandingRefusals } from './standing-refusals.js';
import type { Entry, Subscription } from './subscription.js';

export interface BurstItem {
  readonly entry: Entry;
  readonly resource: EncodedResource;
}

/** Responses of one type. `together`: one response (cold start); else one response per resource (envoy-facts 0.4). */
export interface BurstStep {
  readonly type: ResourceType;
  readonly items: readonly BurstItem[];
  readonly removed: readonly string[];
  readonly together: boolean;
}

export type Subscriptions = Readonly<Record<ResourceType, Subscription>>;

/** What planning may look at. */
export interface BurstInput {
  readonly subscriptions: Subscriptions;
  readonly refusals: StandingRefusals;
  /** Responses other than of clusters are still unanswered from before. */
  readonly waiting: boolean;
  /** Clusters and listeners may be removed although this client never asked for listeners. */
  readonly removalsOverdue: boolean;
  /** The client will ask for clusters once those it prepares are ready: until then it may lack what listeners and routes lead to. */
  readonly clustersToCome: boolean;
  /** The client was sent its clusters unasked, because it prepares some, and answers none of them before all are ready. */
  readonly clustersUnasked: boolean;
  /** Filters that stay due. */
  readonly waitingFilters: ReadonlySet<Entry> | undefined;
  /** Listeners that stay due: they end connections, and others have not got the rules yet that refuse new ones. */
  readonly heldListeners: ReadonlySet<Entry> | undefined;
  /** Clusters that stay due: the client has just been given them. */
  readonly restingClusters: ReadonlySet<Entry> | undefined;
  /** Clusters that are to be removed, and stay for now. */
  readonly clustersStillUsed: ReadonlySet<string> | undefined;
}

/**
 * All that is due to one client, in make-before-break order (envoy-facts 0.2): clusters, their endpoints, secrets, filters,
 * listeners, what new listeners need, routes; removals last, and not before what stops using them has been answered.
 */
export function planBurst(input: BurstInput): BurstStep[] {
  const { cluster, endpoint, secret, extension, listener, route } = input.subscriptions;
  const plan = new Plan(input);

  const clusters = plan.changes(cluster);
  plan.changes(endpoint, plan.referenced(clusters, endpoint, true));
  plan.changes(secret, plan.referenced(clusters, secret, false));
  plan.changes(extension);
  // Nothing may lead to a cluster that the client has not got, or still prepares because it has not asked for endpoints yet.
  // An Envoy asks for listeners after endpoints, always: who does otherwise will not ask for endpoints at all.
  const willAskForEndpoints = endpoint.known || !listener.known;
  if (input.clustersToCome || (endpoint.owed !== undefined && willAskForEndpoints)) return plan.steps;
  // Aggregates that wait for their members, and what may lead to them.
  if (input.clustersUnasked && cluster.dirty !== undefined) return plan.steps;
  plan.lingering(route);
  const freed = plan.replaced(listener);
  const listeners = plan.changes(listener, NOBODY, freed);
  for (const subscription of [secret, extension, route]) {
    plan.follow(subscription, plan.referenced(listeners, subscription, false));
  }
  plan.changes(route);

  const stopsUsing = plan.wrote('listener') || plan.wrote('route') || plan.wrote('extension');
  const mayRemove =
    !stopsUsing && !input.waiting && input.heldListeners === undefined && (listener.known || input.removalsOverdue);
  if (mayRemove) {
    const keepOld = input.refusals.size > 0 && standsOn(input, listener, route);
    if (!keepOld) plan.removals([listener, cluster], input.clustersStillUsed);
    plan.removals([endpoint, route, secret]);
  }
  return plan.steps;
}

/** Whether a listener or route that the client refuses may still use what is to be removed. */
function standsOn(input: BurstInput, ...subscriptions: readonly Subscription[]): boolean {
  return subscriptions.some((subscription) =>
    subscription.entries.values().some((entry) => {
      const refusal = entry.wanted ? input.refusals.get(entry) : undefined;
      return refusal !== undefined && refusal.version === entry.source.current?.version;
    }),
  );
}

/**
 * Clusters in use that would switch to members which the client is still preparing: in Envoy an aggregate is ready at once, and
 * without a healthy host until its members are. They stay due until the members have been answered, which Envoy does once they
 * are ready; after clusters that were sent unasked, until all else has been answered, their endpoints among it. undefined = none.
 */
function tooEarly(
  { type, outstanding }: Subscription,
  due: readonly BurstItem[],
  { waiting, clustersUnasked }: BurstInput,
): Set<Entry> | undefined {
  if (type !== 'cluster') return undefined;
  const switching = due.filter(
    ({ entry, resource }) => (entry.held || clustersUnasked) && refersTo(resource, 'cluster'),
  );
  if (switching.length === 0) return undefined;
  const unready = new Set(due.filter(({ entry }) => !entry.held).map(({ entry }) => entry.name));
  if (waiting || !clustersUnasked)
    for (const { items } of outstanding) for (const { entry } of items) unready.add(entry.name);
  const early = switching.filter(({ resource }) => resource.references.some(({ name }) => unready.has(name)));
  return early.length === 0 ? undefined : new Set(early.map(({ entry }) => entry));
}

/** What is in either of two sets; undefined = nothing. */
export function union<Member>(
  one: ReadonlySet<Member> | undefined,
  other: ReadonlySet<Member> | undefined,
): Set<Member> | undefined {
  return one || other ? new Set([...(one ?? []), ...(other ?? [])]) : undefined;
}

const NOTHING: readonly BurstItem[] = [];
const NOBODY: readonly Entry[] = [];
const NO_NAMES: readonly string[] = [];

class Plan {
  readonly steps: BurstStep[] = [];
  readonly #input: BurstInput;
  readonly #held: Partial<Record<ResourceType, ReadonlySet<Entry> | undefined>>;
  /** What is asked for may be dirty or a follower too, and is sent once. */
  #planned: Set<Entry> | undefined;

  constructor(input: BurstInput) {
    this.#input = input;
    this.#held = { extension: input.waitingFilters, listener: input.heldListeners, cluster: input.restingClusters };
  }

  wrote(type: ResourceType): boolean {
    return this.steps.some((step) => step.type === type);
  }

  /** Steps for what is due of a type, and for `followers` whether due or not; takes the subscription's work. */
  changes(
    subscription: Subscription,
    followers: readonly Entry[] = NOBODY,
    freed: readonly string[] = NO_NAMES,
  ): readonly BurstItem[] {
    if (!subscription.known) {
      subscription.dirty = undefined;
      return NOTHING;
    }
    if (!subscription.hasNews && followers.length === 0) return NOTHING;
    const { firstAnswerDue, answers, dirty, singly, absent } = subscription;
    subscription.clearWork();
    let cold = answers ? this.#items(answers, true, []) : NOTHING;
    let single: BurstItem[] = [];
    if (singly) this.#items(singly, true, single);
    if (followers.length > 0) this.#items(followers, true, single);
    if (dirty) this.#items(dirty, false, single);
    const early = union(
      this.#waits(subscription.type, single),
      tooEarly(subscription, [...cold, ...single], this.#input),
    );
    if (early !== undefined) {
      cold = cold.filter(({ entry }) => !early.has(entry));
      single = single.filter(({ entry }) => !early.has(entry));
      subscription.dirty = early;
    }
    if (subscription.type === 'extension') single = [...inOrderOfReliance(single)];
    if (cold.length > 0) this.#step(subscription.type, cold, freed, true);
    else if (freed.length > 0 && single.length > 0) this.#step(subscription.type, single, freed, true);
    else if (firstAnswerDue && single.length === 0) this.#step(subscription.type, [], [], true);
    if (single.length > 0 && (cold.length > 0 || freed.length === 0)) this.#step(subscription.type, single, [], false);
    if (absent && absent.size > 0) this.#step(subscription.type, [], [...absent], true);
    return cold.length > 0 ? [...cold, ...single] : single;
  }

  /**
   * Steps for changes of routes that are no longer needed but still in use by a listener that this burst replaces: in front of the
   * listener, since behind it nobody watches for them any more.
   */
  lingering(route: Subscription): void {
    const { dirty } = route;
    if (!dirty || !route.known) return;
    const leaving = [...dirty].filter((entry) => !entry.wanted && !entry.onDemand);
    if (leaving.length === 0) return;
    for (const entry of leaving) dirty.delete(entry);
    const items = this.#items(leaving, false, []);
    if (items.length > 0) this.#step('route', items, [], false);
  }

  /** Steps for what must follow a listener unasked. */
  follow(subscription: Subscription, followers: readonly Entry[]): void {
    if (followers.length === 0) return;
    const items = this.#items(followers, true, []);
    if (items.length > 0) this.#step(subscription.type, items, [], false);
  }

  /**
   * Entries that `sent` makes the client ask for. Endpoints of every sent cluster: a changed one waits for them although it
   * never asks again. Other types only when the client has not got them; never of a type it has not asked for yet, because it
   * would drop such a response without a word.
   */
  referenced(sent: readonly BurstItem[], subscription: Subscription, subscribedToo: boolean): readonly Entry[] {
    if (sent.length === 0) return NOBODY;
    const found: Entry[] = [];
    for (const { resource } of sent) {
      for (const reference of resource.references) {
        if (reference.type !== subscription.type) continue;
        const entry = subscription.entries.get(reference.name);
        if (!subscription.known) {
          if (subscribedToo) (subscription.owed ??= new Set()).add(reference.name);
        } else if (entry && (subscribedToo || !entry.subscribed)) {
          found.push(entry);
        }
      }
    }
    return found;
  }

  /**
   * Listeners to be removed whose address a new listener takes: they must go in the same response, where Envoy removes
   * first; otherwise the new one is refused for its address.
   */
  replaced(listener: Subscription): readonly string[] {
    if (!listener.removals || !listener.known) return NO_NAMES;
    const fresh = [...(listener.dirty ?? []), ...(listener.answers ?? [])].filter(
      (entry) => !entry.held && entry.wanted,
    );
    const freed = [...listener.removals].filter((name) => fresh.some((entry) => sharesAddress(entry.name, name)));
    for (const name of freed) listener.removals.delete(name);
    return freed;
  }

  /** Steps for what the client has to drop, without the clusters that are to stay for now. */
  removals(subscriptions: readonly Subscription[], clustersStillUsed?: ReadonlySet<string>): void {
    for (const subscription of subscriptions) {
      if (!subscription.removals || subscription.removals.size === 0 || !subscription.known) continue;
      const stays = (name: string): boolean => subscription.type === 'cluster' && clustersStillUsed?.has(name) === true;
      const names = [...subscription.removals].filter((name) => !stays(name));
      if (names.length > 0) this.#step(subscription.type, [], names, true);
      const left = [...subscription.removals].filter(stays);
      subscription.removals = left.length === 0 ? undefined : new Set(left);
    }
  }

  /** Adds what is due of the entries. `asked`: whether it was sent before or not, and visible or not. */
  #items(entries: Iterable<Entry>, asked: boolean, items: BurstItem[]): BurstItem[] {
    for (const entry of entries) {
      if (this.#planned?.has(entry) || (!asked && !entry.visible)) continue;
      const resource = this.#input.refusals.target(entry, asked);
      if (!resource || (!asked && resource.version === entry.sent) || this.#leadsAstray(entry, resource)) continue;
      if (asked) (this.#planned ??= new Set()).add(entry);
      items.push({ entry, resource });
    }
    return items;
  }

  /**
   * Something that is no longer needed, and would from now on need what nobody sends: a route to another cluster, a cluster that
   * becomes an aggregate of others, which would also have to rest before it may go. The client's old one stays until it goes.
   */
  #leadsAstray(entry: Entry, resource: EncodedResource): boolean {
    if (entry.wanted || entry.onDemand || entry.permanent) return false;
    if (entry.owner.type === 'cluster' && refersTo(resource, 'cluster')) return true;
    const { leadsTo = NO_NAMES, references } = resource;
    const isThere = (type: ResourceType, name: string): boolean => {
      const found = this.#input.subscriptions[type].entries.get(name);
      return found !== undefined && (found.wanted || found.held);
    };
    return (
      !leadsTo.every((name) => isThere('cluster', name)) || !references.every(({ type, name }) => isThere(type, name))
    );
  }

  #waits(type: ResourceType, due: readonly BurstItem[]): Set<Entry> | undefined {
    const waiting = this.#held[type];
    const held = waiting === undefined ? [] : due.filter(({ entry }) => waiting.has(entry));
    return held.length === 0 ? undefined : new Set(held.map(({ entry }) => entry));
  }

  #step(type: ResourceType, items: readonly BurstItem[], removed: readonly string[], together: boolean): void {
    this.steps.push({ type, items, removed, together });
  }
}
