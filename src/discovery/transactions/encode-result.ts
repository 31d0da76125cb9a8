import { encodeCheck, encodeNode, encodeNodeService } from '../catalog/index.js';
import { encodeKvEntry } from '../kv/index.js';
import type { OperationResult } from './operations.js';

/** What an operation shows, as an answer to a transaction lists it. */
export function encodeResult(result: OperationResult): Record<string, unknown> {
  switch (result.family) {
    case 'kv': {
      const entry = encodeKvEntry(result.entry);
      return { KV: result.withValue ? entry : { ...entry, Value: null } };
    }
    case 'node':
      return { Node: encodeNode(result.node) };
    case 'service':
      return { Service: encodeNodeService(result.service) };
    case 'check':
      return { Check: encodeCheck(result.check) };
  }
}
