import { sha256Hex } from '../../core/index.js';
import type { EncodedResource } from '../resources/spec.js';
import { typeUrls } from './type-urls.js';
import { fieldLength, writeFieldHead, writeTextField } from './wire-writer.js';

const VERSION_LENGTH = 32;

/**
 * `ClusterLoadAssignment { cluster_name = 1 }` without endpoints: the answer for endpoints of a cluster that this proxy does not
 * need. A removal would be ignored, and a cluster that warms, and with it all of cluster discovery, would wait for its timeout
 * (envoy-facts 3, 8).
 */
export function emptyAssignment(name: string): EncodedResource {
  const length = fieldLength(Buffer.byteLength(name));
  const bytes = Buffer.allocUnsafeSlow(fieldLength(Buffer.byteLength(typeUrls.endpoint)) + fieldLength(length));
  let position = writeTextField(bytes, 0, 1, typeUrls.endpoint);
  position = writeFieldHead(bytes, position, 2, length);
  writeTextField(bytes, position, 1, name);
  return { type: 'endpoint', name, version: sha256Hex(bytes, VERSION_LENGTH), bytes, references: [], entries: [] };
}
