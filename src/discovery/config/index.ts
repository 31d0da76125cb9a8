/**
 * Config entries, stored: write, delete and read with all the rules that need more than the entry itself.
 * In: typed entries and conditions. Out: transactions, cells, wire forms. Must never: store an entry that breaks a chain, take
 * access away without noting it, or know about HTTP and ACL.
 */
export type { EntryChange } from './affected-services.js';
export { withReferrers } from './affected-services.js';
export { type EntryGuard, guardedWrite } from './entry-guard.js';
export { type EntryCondition, applyConfigEntry, writeConfigEntry } from './write-entry.js';
export { applyConfigEntryDeletion, deleteConfigEntry } from './delete-entry.js';
export { configEntryNotFound, encodeConfigEntryRecord, encodeShownEntry } from './encode-entry.js';
export { type ShownEntry, type TimedCondition, shownEntryCell, shownEntryListCell } from './shown-entry.js';
export { encodeGatewayService, gatewayServicesQueryCell } from './gateway-services-cell.js';
export { configEntryCell, configEntryListCell, configEntryListKey, discoveryChainQueryCell } from './entry-cells.js';
export { exportedServicesCell } from './exported-cell.js';
export { CONFIG_ENTRIES_FAMILY, readTableIndex } from './guard-family.js';
export { intentionState, revoke, revokeNarrowed } from './revoke-access.js';
