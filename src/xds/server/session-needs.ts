import type { ProxyNeeds } from '../resources/spec.js';
import { type ResourceCells, SharedCell } from './resource-cells.js';
import { Entry, type Subscription } from './subscription.js';

/** Lets go of an entry and its cell. A name that the client still asks for is remembered. */
export function dropEntry(cells: ResourceCells, entry: Entry): void {
  const { owner } = entry;
  if (entry.source instanceof SharedCell) cells.release(entry.source, entry);
  owner.entries.delete(entry.name);
  owner.dirty?.delete(entry);
  owner.answers?.delete(entry);
  owner.singly?.delete(entry);
  if (entry.subscribed) (owner.strangers ??= new Set()).add(entry.name);
}

export function createEntry(cells: ResourceCells, subscription: Subscription, name: string, cellKey: string): Entry {
  const entry = new Entry(subscription, name, { current: undefined, failing: false });
  entry.source = cells.acquire(cellKey, entry);
  subscription.entries.add(entry);
  return entry;
}

/**
 * Brings the entries of one type in line with what the proxy needs now. What is no longer needed goes on, with its cell live,
 * until what uses it is gone from the client. Returns whether anything lingers in this way.
 */
export function applyNeeds(cells: ResourceCells, subscription: Subscription, needs: ProxyNeeds): boolean {
  const wanted = needs.resources.get(subscription.type);
  for (const [name, cellKey] of wanted ?? []) want(cells, subscription, name, cellKey);
  if (!needs.keepsOthers) decide(subscription);
  if (subscription.entries.size === (wanted?.size ?? 0)) return false;
  let lingers = false;
  for (const entry of subscription.entries.values()) {
    if (wanted?.has(entry.name) || entry.onDemand || entry.permanent) continue;
    if (entry.wanted && needs.keepsOthers) continue;
    if (entry.wanted) unwant(cells, subscription, entry);
    lingers = true;
  }
  return lingers;
}

function want(cells: ResourceCells, subscription: Subscription, name: string, cellKey: string): void {
  const entry = subscription.entries.get(name);
  if (!entry) {
    const created = createEntry(cells, subscription, name, cellKey);
    if (subscription.strangers?.delete(name)) created.subscribed = true;
    subscription.absent?.delete(name);
    // It was to be removed, so that the client has something of this name.
    if (subscription.removals?.delete(name)) created.held = true;
    const claimed = subscription.undecided?.get(name);
    subscription.undecided?.delete(name);
    if (claimed !== undefined) created.claim(claimed);
    if (subscription.known) subscription.markDirty(created);
    return;
  }
  entry.onDemand = false;
  if (!entry.wanted) {
    entry.wanted = true;
    subscription.removals?.delete(name);
    if (subscription.known) subscription.markDirty(entry);
  }
  if (entry.cellKey === cellKey) return;
  const old = entry.source;
  entry.source = cells.acquire(cellKey, entry);
  if (old instanceof SharedCell) cells.release(old, entry);
  if (subscription.known) subscription.markDirty(entry);
}

/** The needs are complete: what a client claimed and nothing needs is taken away after all. */
function decide(subscription: Subscription): void {
  if (subscription.type !== 'extension')
    for (const name of subscription.undecided?.keys() ?? []) subscription.remove(name);
  subscription.undecided = undefined;
}

/**
 * Something is no longer needed. What a client may hold of clusters and listeners it is told to remove; of other types nothing is
 * let go before what refers to it is gone, asked for yet or not: a cluster that warms would wait for its endpoints for ever.
 */
function unwant(cells: ResourceCells, subscription: Subscription, entry: Entry): void {
  entry.wanted = false;
  if (!subscription.canBeWildcard) return;
  if (entry.held) subscription.remove(entry.name);
  else dropEntry(cells, entry);
}
