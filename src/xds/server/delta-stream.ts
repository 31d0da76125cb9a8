import type { ResourceType } from '../resources/spec.js';
import { acknowledge, type RefusalKeeper, refuse } from './answers.js';
import type { BurstStep } from './burst.js';
import type { DiscoveryRequest } from './discovery-request.js';
import type { FrameBook } from './frames.js';
import type { ProxySession } from './session.js';
import type { Response } from './session-outlet.js';
import { closeWildcard, freeUnneeded, openWildcard, subscribe, unsubscribe } from './session-requests.js';

const WILDCARD = '*';
const NONE: readonly string[] = [];

/**
 * Turns a step into delta responses: one for all at cold start, else a shared one per resource. `lastNonce` is the last one of
 * this stream.
 */
export function encodeDelta(step: BurstStep, frames: FrameBook, index: number, lastNonce: string): Response[] {
  const { type, items, removed } = step;
  if (step.together && (items.length !== 1 || removed.length > 0)) {
    const { frame, nonce } = frames.together(
      type,
      items.map(({ resource }) => resource),
      removed,
      index,
      lastNonce,
    );
    return [{ frame, nonce, index, items, removed }];
  }
  let after = lastNonce;
  return items.map((item) => {
    const { frame, nonce } = frames.single(item.resource, index, after);
    after = nonce;
    return { frame, nonce, index, items: items.length === 1 ? items : [item], removed: NONE };
  });
}

/** Applies a delta request; each part of it, for an answer may carry a subscription as well (envoy-facts 1). */
export function applyDelta(
  session: ProxySession,
  keeper: RefusalKeeper,
  type: ResourceType,
  request: DiscoveryRequest,
): void {
  const subscription = session.subscriptions[type];
  const { nonce, error } = request;
  if (nonce !== '') {
    if (error === undefined) acknowledge(session, keeper, type, nonce);
    else refuse(session, keeper, type, nonce, error, false);
  }
  const first = !subscription.known || (type === 'cluster' && session.clustersUnasked);
  subscription.known = true;
  if (type === 'cluster') session.clustersToCome = session.clustersUnasked = false;
  if (request.subscribe.length === 0 && request.unsubscribe.length === 0 && !first) return;
  const names = request.subscribe.filter((name) => name !== WILDCARD);
  const startsWildcard = names.length < request.subscribe.length || (first && request.subscribe.length === 0);
  if (startsWildcard && subscription.canBeWildcard && (first || !subscription.wildcard)) {
    openWildcard(session, type, first ? request.versions : new Map());
  }
  if (request.unsubscribe.length > 0) {
    if (request.unsubscribe.includes(WILDCARD)) closeWildcard(session, type);
    unsubscribe(
      session,
      type,
      request.unsubscribe.filter((name) => name !== WILDCARD),
    );
  }
  if (names.length > 0) {
    // Endpoints asked for before clusters: the stream broke while a cluster was warming, and what is claimed did not help it
    // (envoy-facts 0.7).
    const warming = type === 'endpoint' && !session.subscriptions.cluster.known;
    if (warming && first) session.clustersToCome = true;
    subscribe(session, type, names, first ? request.versions : undefined, warming);
    if (warming && first) freeUnneeded(session, names, request.versions);
  }
  if (session.mustAnswer) session.flush();
}
