import type { EncodedResource, ResourceType } from '../resources/spec.js';
import type { BurstItem } from './burst.js';
import { refusalText } from './refusal-text.js';
import type { ProxySession } from './session.js';
import type { StandingRefusal } from './standing-refusals.js';

/** Where refusals of a session are kept beyond the session. */
export interface RefusalKeeper {
  put(refused: EncodedResource, refusal: StandingRefusal): void;
  clear(type: ResourceType, name: string): void;
  /** The client refused to remove something, or a response without content: nothing to keep, worth a line in the log. */
  oddity(type: ResourceType, error: string): void;
  /** The time, RFC 3339. */
  now(): string;
}

/** The client has taken a response. */
export function acknowledge(session: ProxySession, keeper: RefusalKeeper, type: ResourceType, nonce: string): void {
  const response = session.answered(type, nonce);
  if (!response) return;
  for (const { entry, resource } of response.items) {
    noteRevocation(session, entry.accepted, resource, keeper);
    if (type === 'listener') session.filters.listenerAccepted(entry.accepted, resource);
    if (type === 'extension') session.filters.filterAccepted(entry.accepted, resource);
    entry.accepted = resource;
    const refusal = session.refusals.size > 0 ? session.refusals.get(entry) : undefined;
    if (!refusal) continue;
    // What was accepted may be the old version, given to a client that held nothing: now the refused one is tried once.
    if (refusal.version !== resource.version && entry.source.current?.version === refusal.version) {
      if (!refusal.tried) entry.owner.markDirty(entry);
      continue;
    }
    session.refusals.delete(type, entry.name);
    keeper.clear(type, entry.name);
    session.wake();
  }
  if (type === 'cluster' || type === 'listener') session.aggregates.answered();
}

/** A listener whose chains were bumped replaces one that was in use: connections of before live until they are drained. */
function noteRevocation(
  session: ProxySession,
  before: EncodedResource | undefined,
  now: EncodedResource,
  keeper: RefusalKeeper,
): void {
  if (now.chainEpoch === undefined || !before || now.chainEpoch <= (before.chainEpoch ?? 0)) return;
  session.revocation = { index: now.chainEpoch, acceptedAt: keeper.now() };
}

/**
 * The client has refused a response. One resource: it is the culprit, and we are silent about it until it changes. Several: each
 * is sent again alone, at once, because what was applied is not known (envoy-facts 5). Where that cannot be done (`whole`: a
 * state-of-the-world response) those named in the text are the culprits, or else all.
 */
export function refuse(
  session: ProxySession,
  keeper: RefusalKeeper,
  type: ResourceType,
  nonce: string,
  error: string,
  whole: boolean,
): void {
  const response = session.answered(type, nonce);
  if (!response) return;
  const { items, removed, index } = response;
  if (items.length === 0) {
    keeper.oddity(type, refusalText(error));
    return;
  }
  const subscription = session.subscriptions[type];
  for (const name of removed) if (!subscription.entries.get(name)?.wanted) subscription.remove(name);
  if (items.length === 1 || whole) {
    const named = items.filter(({ entry }) => error.includes(entry.name));
    for (const item of named.length > 0 && whole ? named : items) note(session, keeper, item, error, index);
    return;
  }
  for (const { entry, resource } of items) {
    if (entry.sent !== resource.version) continue;
    entry.sent = undefined;
    (subscription.singly ??= new Set()).add(entry);
  }
  session.wake();
}

function note(session: ProxySession, keeper: RefusalKeeper, item: BurstItem, error: string, index: number): void {
  const { entry, resource } = item;
  const before = session.refusals.get(entry);
  const accepted = entry.accepted ?? before?.accepted;
  const refusal: StandingRefusal = {
    version: resource.version,
    error: refusalText(error),
    at: keeper.now(),
    index,
    accepted: entry.owner.type === 'secret' || accepted?.version === resource.version ? undefined : accepted,
    tried: true,
  };
  session.refusals.set(entry.owner.type, entry.name, refusal);
  if (entry.sent === resource.version) entry.sent = accepted?.version;
  keeper.put(resource, refusal);
}
