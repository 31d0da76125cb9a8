import { AppError } from '../../core/index.js';
import type { ResourceType } from '../resources/spec.js';
import { emptyAssignment } from './empty-assignment.js';
import type { ProxySession } from './session.js';
import { createEntry, dropEntry } from './session-needs.js';
import { Entry, type Subscription } from './subscription.js';

/** More names than any mesh has in one proxy; beyond it the client is broken or hostile. */
const MOST_NAMES = 50_000;

/** First request of a wildcard. `claims`: what the client says it has, name -> version. */
export function openWildcard(session: ProxySession, type: ResourceType, claims: ReadonlyMap<string, string>): void {
  const subscription = session.subscriptions[type];
  subscription.wildcard = true;
  subscription.firstAnswerDue = true;
  if (claims.size === 0) {
    // A client without clusters has no listeners that could use one.
    if (type === 'cluster') session.removalsOverdue = true;
    for (const entry of subscription.entries.values()) subscription.answer(entry);
    return;
  }
  for (const [name, version] of claims) {
    const entry = subscription.entries.get(name);
    if (entry) entry.claim(version);
    else claimStranger(session, subscription, name, version);
  }
  subscription.markAllDirty();
}

/**
 * The client prepares clusters, and has endpoints of one that is not needed any more: when it waits for just these, it will ask for
 * no clusters before it has got them. Without endpoints the cluster would take the place of the one that routes still lead to. So
 * all clusters are sent unasked, which clients take, and the one that is not needed is removed when nothing uses it any more
 * (envoy-facts 2, 8).
 */
export function freeUnneeded(
  session: ProxySession,
  endpoints: readonly string[],
  claims: ReadonlyMap<string, string>,
): void {
  const { cluster, endpoint } = session.subscriptions;
  const unneeded = endpoints.filter((name) => claims.has(name) && endpoint.entries.get(name) === undefined);
  if (unneeded.length === 0) return;
  session.clustersToCome = false;
  session.clustersUnasked = true;
  cluster.known = true;
  cluster.wildcard = true;
  for (const entry of cluster.entries.values()) cluster.answer(entry);
  for (const name of unneeded)
    if (cluster.entries.get(name) === undefined) claimStranger(session, cluster, name, claims.get(name) ?? '');
}

/** The client does not want to hear of all of a type any more. */
export function closeWildcard(session: ProxySession, type: ResourceType): void {
  const subscription = session.subscriptions[type];
  subscription.wildcard = false;
  for (const entry of subscription.entries.values()) if (!entry.subscribed) forgetSent(entry);
}

/**
 * The client asks for names. `claims`: what it says it has, only in the first request of the type; `isWarming`: it may wait for
 * something that it has, so that everything we have is sent again.
 */
export function subscribe(
  session: ProxySession,
  type: ResourceType,
  names: readonly string[],
  claims: ReadonlyMap<string, string> | undefined,
  isWarming = false,
): void {
  const subscription = session.subscriptions[type];
  if (type === 'secret' && !session.outlet.maySendSecrets) return refusePlaintext(session);
  if (names.length + subscription.entries.size + (subscription.strangers?.size ?? 0) > MOST_NAMES) {
    const problem = `this stream subscribes to more than ${MOST_NAMES} resources of one type; subscribe to fewer`;
    return session.outlet.end(new AppError('tooLarge', problem));
  }
  for (const name of names) {
    const entry = subscription.entries.get(name) ?? demand(session, subscription, name);
    const claimed = isWarming || subscription.owed?.has(name) ? undefined : claims?.get(name);
    if (entry) subscribeEntry(session, subscription, entry, claimed);
    else subscribeStranger(session, subscription, name, claims?.get(name));
  }
  payOwed(subscription);
}

/** Sends what belongs to clusters that were sent before: the client will ask for it, but what leads to them should not wait. */
function payOwed(subscription: Subscription): void {
  for (const name of subscription.owed ?? []) {
    const entry = subscription.entries.get(name);
    if (entry?.wanted && !entry.subscribed) (subscription.singly ??= new Set()).add(entry);
  }
  subscription.owed = undefined;
}

export function unsubscribe(session: ProxySession, type: ResourceType, names: readonly string[]): void {
  const subscription = session.subscriptions[type];
  for (const name of names) {
    subscription.strangers?.delete(name);
    subscription.absent?.delete(name);
    const entry = subscription.entries.get(name);
    if (!entry) continue;
    entry.subscribed = false;
    if (subscription.wildcard) continue;
    forgetSent(entry);
    subscription.answers?.delete(entry);
    // What lingers may be asked for again at once, and goes when nothing uses it any more.
    if (entry.onDemand) dropEntry(session.outlet.cells, entry);
  }
}

function subscribeEntry(
  session: ProxySession,
  subscription: Subscription,
  entry: Entry,
  claimed: string | undefined,
): void {
  entry.subscribed = true;
  if (entry.source === session.leaf) {
    if (claimed !== undefined && session.leaf.adopt(claimed)) return entry.claim(claimed);
    session.leaf.ensure();
    return subscription.answer(entry);
  }
  if (claimed === undefined) return subscription.answer(entry);
  entry.claim(claimed);
  if (entry.source.current?.version !== claimed) (subscription.singly ??= new Set()).add(entry);
}

function subscribeStranger(
  session: ProxySession,
  subscription: Subscription,
  name: string,
  claimed: string | undefined,
): void {
  if (claimed === undefined && subscription.type === 'endpoint' && session.isDelta) {
    const entry = new Entry(subscription, name, { current: emptyAssignment(name), failing: false });
    entry.subscribed = true;
    session.linger(entry);
    return subscription.answer(entry);
  }
  (subscription.strangers ??= new Set()).add(name);
  if (claimed !== undefined) claimStranger(session, subscription, name, claimed);
  else (subscription.absent ??= new Set()).add(name);
}

/** The client has something that this proxy does not need, as far as is known. */
function claimStranger(session: ProxySession, subscription: Subscription, name: string, version: string): void {
  if (session.needs.keepsOthers) (subscription.undecided ??= new Map()).set(name, version);
  // A filter that is gone is not told: old filter chains that still use it would refuse everybody (envoy-facts 8).
  else if (subscription.type !== 'extension') subscription.remove(name);
}

function demand(session: ProxySession, subscription: Subscription, name: string): Entry | undefined {
  const key = session.outlet.demand(session, subscription.type, name);
  if (key === undefined) return undefined;
  const entry = createEntry(session.outlet.cells, subscription, name, key);
  entry.onDemand = true;
  return entry;
}

function forgetSent(entry: Entry): void {
  entry.sent = undefined;
  entry.held = false;
}

function refusePlaintext(session: ProxySession): void {
  session.outlet.end(
    new AppError(
      'permissionDenied',
      'certificates are not sent over a plaintext connection from another host; connect to the TLS port (8503 by default) or start the agent with -allow-plaintext-secrets',
    ),
  );
}
