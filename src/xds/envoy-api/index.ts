/**
 * Envoy API: the only importer of protobufjs. Loads Envoy's protos, encodes and decodes messages, finds silent losses.
 * In: plain objects in Envoy's spelling. Out: bytes, packed Anys. Must never: know what a mesh is, or drop a field unnoticed.
 */
export type { EnvoyMessages, EnvoyTypeName } from './envoy-messages.js';
export { findLosses } from './find-losses.js';
export { type EnvoyApi, loadEnvoyApi } from './load-envoy-api.js';
export {
  checkEncoding,
  decodeAny,
  decodeAnyDeep,
  decodeMessage,
  encodeAny,
  encodeMessage,
  type PackedAny,
  packAny,
  typeNameOf,
} from './pack-any.js';
export { decodePlain } from './plain-message.js';
export { fromProtoJson, readProtoJson } from './proto-json.js';
