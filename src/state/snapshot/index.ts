/**
 * Snapshots of the state: all records of one revision out, a whole state in.
 * In: the tables; saved records. Out: records one by one; one transaction. Must never: know what a table is about, or write half
 * of a state.
 */
export { type SavedRecord, type StateCapture, captureState } from './capture.js';
export { RestoredState, applyRestore } from './restore.js';
