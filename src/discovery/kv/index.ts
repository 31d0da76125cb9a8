/**
 * KV: keys with values.
 * In: writes; a tracked view. Out: transactions, cells with unfiltered records. Must never: know about HTTP.
 */
export { kvEntryCell, kvPrefixCell } from './cells.js';
export { keysBelow } from './keys.js';
export { type KvDelete, type KvWrite, deleteKv, putKv } from './write.js';
