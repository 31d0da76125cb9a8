/**
 * A delta-ADS client that behaves as real Envoys were seen to, small and quick enough for thousands in one process.
 * In: the port of a server, who the node is, what to refuse. Out: what it holds, and the conversation line by line.
 * It has its own few lines of protobuf, so that a mistake in our encoding cannot hide in our decoding; it never imports from src/.
 */
export { FakeEnvoy, type FakeEnvoyOptions, type LogLine } from './fake-envoy.js';
export {
  encodeDeltaRequest,
  encodeNode,
  encodeStateOfTheWorldRequest,
  decodeDeltaResponse,
  decodeStateOfTheWorldResponse,
} from './messages.js';
export { typeUrls, type DeltaResponse, type FakeNode, type FakeType } from './messages.js';
export { openRawStream } from './raw-transport.js';
export { openStream, STATE_OF_THE_WORLD_PATH, type Transport, type TransportOptions } from './transport.js';
