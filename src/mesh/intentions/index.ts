/**
 * Intentions: who may call whom, from service-intentions entries.
 * In: a view, or lists of intentions. Out: ordered lists, decisions, and whom a change took something from.
 * Must never: let something through that it cannot decide, or depend on the order of entries.
 */
export { type WireIntention, encodeIntention, wireIntentionField } from './encode-intention.js';
export {
  type Caller,
  type Intention,
  type IntentionPolicy,
  applicableIntention,
  defaultIntentionPolicy,
  intentionsOf,
  intentionsTo,
  sortIntentions,
} from './intention.js';
export { type IntentionDecision, decisionReason, intentionDecision } from './intention-decision.js';
export { type StoredIntention, allIntentions, intentionMatch } from './intention-match.js';
export { intentionsToCell } from './intentions-cell.js';
export { type TokenBearer, acceptsFewerTokens, tokenBearers } from './provider-narrowing.js';
export { type TokenDemand, tokenDemandCell } from './token-demand.js';
export { type VerifiedTokens, requiredProviders, requiredToken } from './token-requirement.js';
export { type IntentionState, narrowedSources } from './narrowed-sources.js';
export { type AuthorizedRequest, decideRequest } from './request-decision.js';
export {
  greatestEpoch,
  revocationEpochsCell,
  revocationEpochsKey,
  revocationsFrom,
} from './revocation-epoch.js';
