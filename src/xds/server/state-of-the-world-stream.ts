import { sha256Hex } from '../../core/index.js';
import type { EncodedResource, ResourceType } from '../resources/spec.js';
import { acknowledge, type RefusalKeeper, refuse } from './answers.js';
import type { BurstStep } from './burst.js';
import type { DiscoveryRequest } from './discovery-request.js';
import type { FrameBook } from './frames.js';
import type { ProxySession } from './session.js';
import type { Response } from './session-outlet.js';
import { newestOf } from './subscription.js';
import { closeWildcard, openWildcard, subscribe, unsubscribe } from './session-requests.js';

const WILDCARD = '*';
const VERSION_LENGTH = 32;

/**
 * Turns a step into one state-of-the-world response: all clusters or listeners, because what is missing counts as removed; of
 * other types what is due.
 */
export function encodeStateOfTheWorld(
  step: BurstStep,
  session: ProxySession,
  frames: FrameBook,
  index: number,
): Response[] {
  const subscription = session.subscriptions[step.type];
  const { canBeWildcard } = subscription;
  // There are no removals of named types in this protocol, and nothing to say about names that do not exist.
  if (!canBeWildcard && step.items.length === 0) return [];
  // One response is one moment: of what was to be sent twice only the last counts.
  const latest = new Map(step.items.map(({ entry, resource }) => [entry, resource]));
  const resources = canBeWildcard ? wholeSet(session, step) : [...latest.values()];
  const version = sha256Hex(resources.map(({ name, version: one }) => `${name}\0${one}`).join('\n'), VERSION_LENGTH);
  const { frame, nonce } = frames.whole(step.type, resources, version);
  return [
    {
      frame,
      nonce,
      index,
      items:
        latest.size === step.items.length ? step.items : [...latest].map(([entry, resource]) => ({ entry, resource })),
      removed: step.removed,
    },
  ];
}

function wholeSet(session: ProxySession, step: BurstStep): EncodedResource[] {
  const due = new Map(step.items.map(({ entry, resource }) => [entry, resource]));
  const removed = new Set(step.removed);
  const set: EncodedResource[] = [];
  const subscription = session.subscriptions[step.type];
  for (const entry of subscription.entries.values()) {
    if (!entry.visible || removed.has(entry.name)) continue;
    const putOff = subscription.dirty?.has(entry) && entry.held ? newestOf(entry) : undefined;
    const resource = due.get(entry) ?? putOff ?? session.refusals.target(entry, true);
    if (resource) set.push(resource);
  }
  return set.sort((left, right) => (left.name < right.name ? -1 : 1));
}

/** Applies a state-of-the-world request: it names everything the client wants of the type, and may answer a response. */
export function applyStateOfTheWorld(
  session: ProxySession,
  keeper: RefusalKeeper,
  type: ResourceType,
  request: DiscoveryRequest,
): void {
  const subscription = session.subscriptions[type];
  const { nonce, error } = request;
  if (nonce !== '') {
    if (error === undefined) acknowledge(session, keeper, type, nonce);
    else refuse(session, keeper, type, nonce, error, true);
  }
  const first = !subscription.known;
  subscription.known = true;
  const names = new Set(request.subscribe);
  const everything = names.delete(WILDCARD) || (names.size === 0 && (first || subscription.wildcard));
  if (subscription.canBeWildcard && everything && !subscription.wildcard) openWildcard(session, type, new Map());
  if (subscription.wildcard && !everything) closeWildcard(session, type);
  const asked = askedNames(session, type);
  const gone = [...asked].filter((name) => !names.has(name));
  const fresh = [...names].filter((name) => !asked.has(name));
  if (gone.length > 0) unsubscribe(session, type, gone);
  if (fresh.length > 0) subscribe(session, type, fresh, undefined);
  if (session.mustAnswer) session.flush();
}

function askedNames(session: ProxySession, type: ResourceType): Set<string> {
  const { entries, strangers } = session.subscriptions[type];
  const asked = new Set(strangers);
  for (const entry of entries.values()) if (entry.subscribed) asked.add(entry.name);
  return asked;
}
