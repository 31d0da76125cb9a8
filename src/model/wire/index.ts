/**
 * Wire: how records travel in JSON bodies and HCL files. A schema is built from fields (`object`, `text`, `duration` …) and
 * works both ways: `decode` (any case and underscores of keys, Consul's leniencies, unknown fields refused with their path) and
 * `encode` (Consul's spelling, empty fields left out as Consul does).
 *
 * Names: `externalSni` <-> `ExternalSNI` (acronyms fold as words). Durations are milliseconds in records, under a name that ends
 * in `Ms`; on the wire the name has no unit and the value is Go text or nanoseconds.
 *
 * In: unknown data. Out: typed values, wire values, problems with paths. Must never: know a particular record, or mutate its input.
 */
export { asObject, list, map, opaque } from './collections.js';
export { type DecodeOptions, type DecodeResult, decode, encode, tryDecode } from './codec.js';
export { type Field, type ValueOf, alias, always, camelOnly, named, nullable, optional } from './field.js';
export { foldedName, wireName } from './names.js';
export { type FieldsOf, type ObjectOptions, object } from './object.js';
export {
  type DecodeContext,
  type Strictness,
  type WirePath,
  type WireProblem,
  jsonType,
  kindOf,
  noteProblem,
  problemText,
  wrongValue,
} from './problem.js';
export { decimal, duration, flag, integer, oneOf, text, unsigned64 } from './scalars.js';
