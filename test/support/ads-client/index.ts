/**
 * A small xDS client for tests. It subscribes to an ADS server the way an Envoy does, acknowledges what arrives (or
 * refuses what breaks the field rules of the API), waits until nothing more comes, and shows every resource as protojson.
 * In: the address of an ADS server and who the proxy claims to be. Out: dumps. It reads the wire with its own copy of the
 * message types, so that a mistake in our encoding cannot hide in our decoding. It must never import from src/.
 */
export { AdsClient, type AdsClientOptions, type Dump } from './ads-client.js';
