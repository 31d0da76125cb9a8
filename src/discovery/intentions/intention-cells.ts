import {
  type IntentionDecision,
  type IntentionPolicy,
  type StoredIntention,
  allIntentions,
  defaultIntentionPolicy,
  intentionDecision,
  intentionMatch,
  intentionsTo,
} from '../../mesh/intentions/index.js';
import { tupleKey, tupleParts } from '../../core/index.js';
import type { Cell } from '../../model/index.js';
import { readTableIndex } from '../config/index.js';
import { type IntentionPair, exactIntention, intentionById } from './find-intention.js';

/** All intentions, best first. Key: ''. */
export const intentionListCell: Cell<readonly StoredIntention[]> = {
  kind: 'intention-list',
  compute: (view) => {
    readTableIndex(view);
    return allIntentions(view);
  },
};

/** The intentions that could decide about a source or a destination, best first. Key: `intentionMatchKey`. */
export const intentionMatchCell: Cell<readonly StoredIntention[]> = {
  kind: 'intention-match',
  compute: (view, key) => {
    readTableIndex(view);
    const [by = '', name = ''] = tupleParts(key);
    return intentionMatch(view, by === 'source' ? 'source' : 'destination', name);
  },
};

export function intentionMatchKey(by: 'source' | 'destination', name: string): string {
  return tupleKey(by, name);
}

/** One intention, or undefined. Key: `intentionPairKey`. */
export const exactIntentionCell: Cell<StoredIntention | undefined> = {
  kind: 'intention-exact',
  compute: (view, key) => {
    readTableIndex(view);
    return exactIntention(view, pairOf(key));
  },
};

/** The intention with an ID (deprecated endpoints), or undefined. Key: the ID. */
export const intentionByIdCell: Cell<StoredIntention | undefined> = {
  kind: 'intention-by-id',
  compute: (view, id) => {
    readTableIndex(view);
    return intentionById(view, id);
  },
};

/** Whether a source may connect to a destination, and why. Key: `intentionCheckKey`. */
export const intentionCheckCell: Cell<IntentionDecision> = {
  kind: 'intention-check',
  compute: (view, key) => {
    readTableIndex(view);
    const { source, destination } = pairOf(key);
    const given = tupleParts(key)[3];
    const policy = given === 'allow' || given === 'deny' ? given : defaultIntentionPolicy(view);
    return intentionDecision(intentionsTo(view, destination), policy, source);
  },
};

/**
 * Key of `intentionCheckCell`. Without a policy, callers that no intention is about are treated as the proxies treat them; Consul's
 * check goes by the ACL system's default policy instead, which the edge has to give.
 */
export function intentionCheckKey(pair: IntentionPair, defaultPolicy?: IntentionPolicy): string {
  return intentionPairKey(pair) + (defaultPolicy === undefined ? '' : tupleKey(defaultPolicy));
}

export function intentionPairKey({ source, destination }: IntentionPair): string {
  return tupleKey(source.peer, source.name, destination);
}

function pairOf(key: string): IntentionPair {
  const [peer = '', name = '', destination = ''] = tupleParts(key);
  return { source: { name, peer }, destination };
}
