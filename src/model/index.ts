/**
 * Model: record types, tables with their indexes, and the schemas of everything a user can write.
 * In: unknown data from an edge. Out: typed, normalised records. Must never: read the store or know about HTTP.
 *
 * Wire forms are made by `model/wire` (import it by its own path): records are camelCase with acronyms folded (`externalSni`),
 * durations are numbers of milliseconds under names that end in `Ms` (wire: same name without unit, Go text or nanoseconds).
 */
export * from './config-entries/index.js';
export * from './records/catalog.js';
export * from './records/common.js';
export * from './records/kv.js';
export * from './records/member.js';
export * from './records/mesh-state.js';
export * from './records/operator.js';
export * from './records/prepared-query.js';
export * from './records/proxy.js';
export * from './records/session.js';
export * from './tables.js';
