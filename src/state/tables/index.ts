/**
 * Tables: the records in memory, their indexes and the marks of ranges that records have left.
 * In: rows under (table, key). Out: rows by key, by tuple prefix or by byte prefix, in order. Must never: know engines or cells.
 */
export {
  Database,
  INDEX_BASE,
  MARK_FLOOR,
  RESTORED,
  type TableChange,
  leavesMarks,
  marksOfChange,
} from './database.js';
export { Overlay } from './overlay.js';
export {
  checkDraft,
  decodeRecord,
  encodeRow,
  sameContent,
  unreadable,
  writeMark,
  writeRecord,
} from './record-format.js';
export { type Row, type StateReader, definitionOf, rangeText, staysInPlace, tableNames } from './row.js';
