/**
 * Intentions, stored: listing, matching, checking and changing single ones over service-intentions entries.
 * In: pairs of source and destination, decoded bodies. Out: transactions and cells. Must never: keep an intention anywhere but in
 * the entry of its destination, or know about HTTP and ACL.
 */
export { setDefaultIntentionPolicy } from './default-policy.js';
export type { IntentionPair } from './find-intention.js';
export {
  exactIntentionCell,
  intentionByIdCell,
  intentionCheckCell,
  intentionCheckKey,
  intentionListCell,
  intentionMatchCell,
  intentionMatchKey,
  intentionPairKey,
} from './intention-cells.js';
export { type IntentionName, parseIntentionName } from './intention-name.js';
export {
  type LegacyStamp,
  createLegacyIntention,
  deleteLegacyIntention,
  updateLegacyIntention,
} from './legacy-intention.js';
export { decodeIntention, deleteIntention, upsertIntention } from './write-intention.js';
