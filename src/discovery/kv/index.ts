/**
 * KV: keys with values, and their locks (consul-behaviour.md 1.5).
 * In: writes over a transaction; a tracked view. Out: changes of the transaction, cells with unfiltered records. Must never: know
 * about HTTP, or scan the keys to find those of a session.
 */
export { kvEntryCell, kvPrefixCell } from './cells.js';
export { encodeKvEntry } from './encode-entry.js';
export { type SessionEnd, endHold, holderOf } from './holder.js';
export { deleteKvTree, deleteTree } from './delete-tree.js';
export { keysBelow } from './keys.js';
export {
  type KvValue,
  acquireKv,
  casKv,
  checkKeyText,
  deleteKv,
  deleteKvCas,
  putKv,
  releaseKv,
} from './write.js';
