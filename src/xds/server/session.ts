import { AppError } from '../../core/index.js';
import type { LeafRequest } from '../../ca/index.js';
import { LEAF_SECRET, type ProxyNeeds, type ResourceType } from '../resources/spec.js';
import { AggregateGate } from './aggregate-gate.js';
import { type BurstItem, type BurstStep, planBurst, type Subscriptions, union } from './burst.js';
import { FilterGate } from './filter-gate.js';
import { LeafKeeper, type LeafOwner } from './leaf-keeper.js';
import { SharedCell } from './resource-cells.js';
import { applyNeeds, dropEntry } from './session-needs.js';
import type { Response, SessionOutlet } from './session-outlet.js';
import { type StandingRefusal, StandingRefusals } from './standing-refusals.js';
import { Entry, NONE_OUTSTANDING, type Outstanding, Subscription, type Wakeable } from './subscription.js';

const TYPES: readonly ResourceType[] = ['cluster', 'endpoint', 'secret', 'extension', 'listener', 'route'];

/**
 * What one stream's proxy needs, has been sent, and has answered: decides what is due, and when. Knows neither sockets nor
 * message formats. The unit of sending is the burst: while anything but clusters of the last one is unanswered the next waits
 * whole and keeps growing, unless the client asks for something (DESIGN, "No fixed debounce").
 */
export class ProxySession implements Wakeable, LeafOwner {
  readonly subscriptions: Subscriptions;
  readonly #all: readonly Subscription[];
  readonly refusals = new StandingRefusals();
  readonly leaf: LeafKeeper;
  readonly filters: FilterGate;
  readonly aggregates: AggregateGate;
  needs: ProxyNeeds;
  /** Newest index at which nothing was due or unanswered; meaningless while `clean`. */
  cleanIndex = 0;
  /** Clusters may be removed although the client has not asked for listeners. */
  removalsOverdue = false;
  /** The client asked for endpoints before clusters: it prepares some, and asks for clusters once they are ready (envoy-facts 2). */
  clustersToCome = false;
  /** All clusters were sent although the client has not asked for them yet: its first request for them is still to come. */
  clustersUnasked = false;
  /** The last accepted listener that ends connections because access was taken away. */
  revocation: { readonly index: number; readonly acceptedAt: string } | undefined;
  closed = false;
  readonly outlet: SessionOutlet;
  #pendingNeeds: { readonly needs: ProxyNeeds | undefined } | undefined;
  #recheckLeaf = false;
  /** Unanswered responses other than of clusters. */
  #waiting = 0;
  #woken = false;
  /** Entries that are not needed any more are kept until what uses them is gone. */
  #lingers = false;
  /** Filters are due or unanswered. */
  #filtersPending = false;

  constructor(outlet: SessionOutlet, needs: ProxyNeeds) {
    this.outlet = outlet;
    this.needs = needs;
    this.subscriptions = {
      cluster: new Subscription('cluster', this),
      endpoint: new Subscription('endpoint', this),
      secret: new Subscription('secret', this),
      extension: new Subscription('extension', this),
      listener: new Subscription('listener', this),
      route: new Subscription('route', this),
    };
    this.#all = Object.values(this.subscriptions);
    this.filters = new FilterGate(this.subscriptions, {
      clock: outlet.clock,
      wake: () => this.wake(),
      drainTimeMs: outlet.drainTimeMs,
    });
    this.aggregates = new AggregateGate(this.subscriptions, { clock: outlet.clock, wake: () => this.wake() });
    this.leaf = new LeafKeeper(outlet.leaves, this);
    const leaf = new Entry(this.subscriptions.secret, LEAF_SECRET, this.leaf);
    leaf.permanent = true;
    this.subscriptions.secret.entries.add(leaf);
    this.#applyNeeds(needs);
  }

  wake(): void {
    if (this.#woken || this.closed) return;
    this.#woken = true;
    this.outlet.wake(this);
  }

  /** Until it has been answered, what others' rules depend on waits. */
  filterDue(): void {
    this.#filtersPending = true;
    this.outlet.epochs.note(this, true);
  }

  #noteFilters(): void {
    if (!this.#filtersPending) return;
    const { dirty, outstanding } = this.subscriptions.extension;
    this.#filtersPending = dirty !== undefined || outstanding.length > 0;
    if (!this.#filtersPending) this.outlet.epochs.note(this, false);
  }

  /** Newer needs, taken over at the next flush; undefined = the registration is gone. */
  needsChanged(needs: ProxyNeeds | undefined): void {
    this.#pendingNeeds = { needs };
    this.wake();
  }

  /** The CA's roots have changed: see at the next flush whether the leaf is still right. */
  rootsChanged(): void {
    this.#recheckLeaf = true;
    this.wake();
  }

  get leafRequest(): LeafRequest {
    return { spiffeId: this.needs.identity.spiffeId, dnsNames: [] };
  }

  leafIssued(): void {
    this.outlet.counters.leavesIssued++;
    const entry = this.subscriptions.secret.entries.get(LEAF_SECRET);
    if (entry) this.subscriptions.secret.markDirty(entry);
  }

  /** Adds something that the proxy does not need, to be let go with all that lingers. */
  linger(entry: Entry): void {
    entry.wanted = false;
    entry.owner.entries.add(entry);
    this.#lingers = true;
  }

  get isDelta(): boolean {
    return this.outlet.isDelta;
  }

  /** Takes the oldest unanswered responses off until the one with this nonce; undefined when there is none such. */
  answered(type: ResourceType, nonce: string): Outstanding | undefined {
    const subscription = this.subscriptions[type];
    const { outstanding } = subscription;
    let position = 0;
    while (position < outstanding.length && outstanding[position]?.nonce !== nonce) position++;
    const response = outstanding[position];
    if (!response) return undefined;
    subscription.outstanding = position + 1 === outstanding.length ? NONE_OUTSTANDING : outstanding.slice(position + 1);
    if (type !== 'cluster') this.#waiting -= position + 1;
    if (type === 'extension') this.#noteFilters();
    if (this.#waiting === 0 && this.#hasWork) this.wake();
    else if (this.clean) this.cleanIndex = this.outlet.index;
    return response;
  }

  /** Nothing is due and nothing unanswered, but for removals that wait for a refused listener or route to be mended. */
  get clean(): boolean {
    if (this.#woken) return false;
    for (const one of this.#all) if (one.outstanding.length > 0) return false;
    return !this.#hasNews;
  }

  /** The client has asked for something that is answered now. */
  get mustAnswer(): boolean {
    for (const one of this.#all) if (one.mustAnswer) return true;
    return false;
  }

  get #hasNews(): boolean {
    for (const one of this.#all) if (one.hasNews) return true;
    return false;
  }

  get #hasWork(): boolean {
    for (const one of this.#all) if (one.hasWork) return true;
    return false;
  }

  /** Sends what is due, if it may be sent now. */
  flush(): void {
    this.#woken = false;
    if (this.closed) return;
    if (this.#pendingNeeds && !this.#takeNeeds(this.#pendingNeeds.needs)) return;
    if (this.#recheckLeaf) {
      this.#recheckLeaf = false;
      this.leaf.recheck();
      this.#woken = false;
    }
    this.#pruneRefusals();
    if (this.outlet.congested) return;
    if (!this.#hasWork) return this.#letGo();
    if (this.#waiting > 0 && !this.mustAnswer) return;
    const resting = this.aggregates.resting();
    const steps = planBurst({
      subscriptions: this.subscriptions,
      refusals: this.refusals,
      waiting: this.#waiting > 0,
      removalsOverdue: this.removalsOverdue,
      clustersToCome: this.clustersToCome,
      clustersUnasked: this.clustersUnasked,
      waitingFilters: this.filters.waiting(),
      heldListeners: this.outlet.epochs.held(this, this.subscriptions.listener),
      restingClusters: resting,
      clustersStillUsed: union(this.filters.stillUsed(), this.aggregates.stillUsed(resting)),
    });
    this.#send(steps);
    this.#noteFilters();
    this.#letGo();
  }

  #send(steps: readonly BurstStep[]): void {
    const responses: Response[] = [];
    for (const step of steps) {
      for (const item of step.items) this.#noteSent(item);
      for (const name of step.removed) this.#noteRemoved(step.type, name);
      const encoded = this.outlet.encode(step, this);
      responses.push(...encoded);
      const subscription = this.subscriptions[step.type];
      subscription.outstanding = [...subscription.outstanding, ...encoded];
      if (step.type !== 'cluster') this.#waiting += encoded.length;
    }
    if (responses.length === 0) return;
    this.outlet.counters.sessionsFlushed++;
    this.outlet.write(responses);
  }

  #noteSent({ entry, resource }: BurstItem): void {
    entry.sent = resource.version;
    entry.held = true;
    if (resource.type === 'cluster') this.aggregates.clusterSent(resource);
    const refusal = this.refusals.size > 0 ? this.refusals.get(entry) : undefined;
    if (refusal?.version === resource.version) refusal.tried = true;
  }

  #noteRemoved(type: ResourceType, name: string): void {
    const entry = this.subscriptions[type].entries.get(name);
    if (entry && !entry.wanted) dropEntry(this.outlet.cells, entry);
  }

  /** Lets go of what nothing at the client uses any more. */
  #letGo(): void {
    const { cluster, listener } = this.subscriptions;
    if (cluster.removals || listener.removals) {
      if (this.#waiting === 0 && !listener.known && !this.removalsOverdue) this.outlet.wakeLater(this);
      return;
    }
    // A change that was put off leaves the client with the old cluster, listener or route, and that with what it refers to.
    if (!this.#lingers || this.#hasNews) return;
    this.#lingers = false;
    for (const type of TYPES) {
      for (const entry of this.subscriptions[type].entries.values())
        if (!entry.wanted) dropEntry(this.outlet.cells, entry);
    }
  }

  /** False when the session has ended because the registration is gone. */
  #takeNeeds(needs: ProxyNeeds | undefined): boolean {
    this.#pendingNeeds = undefined;
    if (!needs) {
      const { node, proxyId } = this.needs.identity;
      this.outlet.end(
        new AppError('notFound', `proxy "${proxyId}" on node "${node}" is no longer registered; register it again`),
      );
      return false;
    }
    this.#applyNeeds(needs);
    this.#woken = false;
    return true;
  }

  #applyNeeds(needs: ProxyNeeds): void {
    const before = this.needs;
    this.needs = needs;
    if (before.identity.spiffeId !== needs.identity.spiffeId) this.#recheckLeaf = true;
    for (const type of TYPES) {
      const lingers = applyNeeds(this.outlet.cells, this.subscriptions[type], needs);
      this.#lingers ||= lingers;
      this.subscriptions[type].entries.trim();
    }
    this.#pruneRefusals();
  }

  /** Takes over what stood against the proxy before this stream. */
  loadRefusals(
    refusals: readonly { readonly type: ResourceType; readonly name: string; readonly refusal: StandingRefusal }[],
  ): void {
    for (const { type, name, refusal } of refusals) this.refusals.set(type, name, refusal);
    this.#pruneRefusals();
  }

  /** Refusals of what is not needed any more, or was taken back to what the client has, stand no longer. */
  #pruneRefusals(): void {
    if (this.refusals.size === 0) return;
    for (const { type, name, version } of this.refusals.names()) {
      const entry = this.subscriptions[type].entries.get(name);
      const wanted = entry?.source.current?.version;
      const takenBack = wanted !== undefined && wanted !== version && wanted === entry?.sent;
      if (entry?.wanted && !takenBack) continue;
      this.refusals.delete(type, name);
      this.outlet.clear(type, name);
    }
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.outlet.epochs.forget(this);
    this.leaf.stop();
    this.filters.close();
    this.aggregates.close();
    for (const type of TYPES) {
      for (const entry of this.subscriptions[type].entries.values()) {
        if (entry.source instanceof SharedCell) this.outlet.cells.release(entry.source, entry);
      }
    }
  }
}
