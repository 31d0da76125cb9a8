import type { Locality, StringMap } from '../model/index.js';

/** What this agent says about the node it runs on. */
export interface NodeFacts {
  readonly node: string;
  readonly id: string;
  readonly address: string;
  readonly datacenter: string;
  readonly taggedAddresses: StringMap;
  readonly meta: StringMap;
  readonly locality?: Locality;
}
