/**
 * Snapshot: the file format of a saved state, written and read in pieces; nothing else (docs/operations.md, "The snapshot file").
 *
 * A gzip-compressed tar archive: `meta.json`, then `records/00000000.jsonl` and so on with one record a line, each
 * `[table, key, createIndex, modifyIndex, stored value]`, then `SHA256SUMS` over all files before it.
 *
 * In: records and what is known about the state; a stream of bytes. Out: a stream of bytes; records, once they are known to be
 * whole. Must never: know what a record means, hold a whole state in one text, or hand out half of a damaged file as if it were whole.
 */
export { SnapshotError, type SnapshotContent, type SnapshotMeta, type SnapshotRecord } from './format.js';
export { type ReadSnapshot, readSnapshot } from './read-snapshot.js';
export { snapshotBytes } from './write-snapshot.js';
