/**
 * Core: clock, ids, durations, errors, equality, hashing and the read interface of pure computations.
 * In: nothing of ours. Out: small values and types that every room may use.
 * Must never: import another room, do I/O, or depend on rxjs in `view.ts`.
 */
export { type BackOff, backOffMs } from './back-off.js';
export { canonicalJson } from './canonical-json.js';
export { pauseOn, systemClock, type Clock } from './clock.js';
export { type Patience, patiently } from './patience.js';
export { type Deferred, deferred } from './deferred.js';
export { durationFromWire, durationToNanoseconds, formatDurationMs, parseDurationMs } from './duration.js';
export { CONSUL_VERSION } from './consul-version.js';
export { type Coordinate, DIMENSIONS, ORIGIN, coordinateProblem, distanceSeconds } from './coordinate.js';
export { deepEqual } from './equal.js';
export { AppError, type ErrorCode } from './errors/index.js';
export { sha1Base64Url, sha256Hex } from './hash.js';
export { formatHostPort, type HostPort, parseHostPort } from './host-port.js';
export { isHeaderName, isHeaderValue } from './http-header.js';
export { canonicalIp, ipVersion } from './ip-address.js';
export { jsonKey, jsonKeyInput } from './json-key.js';
export { LargeMap } from './large-map.js';
export { nextTurn } from './next-turn.js';
export { meshNameProblem, nameProblem } from './name-problem.js';
export { sortTexts, sortedTexts } from './sorted-texts.js';
export { isNetwork, withinNetworks } from './networks.js';
export { structureHash } from './structure-hash.js';
export { tupleKey, tupleParts } from './tuple.js';
export { meetsVersionConstraint, versionConstraintProblem } from './version-constraint.js';
export { moved } from './vivaldi.js';
export type { CellDefinition, View } from './view.js';
