import type { CheckRecord, Draft, Locality, NodeRecord, ServiceRecord, StringMap } from '../../model/index.js';

/** A service as registered: its node is that of the registration. */
export type RegisteredService = Omit<Draft<ServiceRecord>, 'node'>;

/** A check as registered. Service name and tags are taken from the service it belongs to. */
export type RegisteredCheck = Omit<Draft<CheckRecord>, 'serviceName' | 'serviceTags'>;

/** A node with what is to be put on it (consul-behaviour.md 1.3). */
export interface CatalogRegistration {
  readonly node: string;
  /** UUID; empty = keep what the node has. */
  readonly id: string;
  readonly address: string;
  readonly datacenter: string;
  readonly taggedAddresses: StringMap;
  readonly meta: StringMap;
  readonly locality?: Locality;
  /** Leave an existing node as it is, and do without an address then. */
  readonly skipNodeUpdate: boolean;
  readonly service?: RegisteredService;
  /** `node` may be empty: the registration's. */
  readonly checks: readonly RegisteredCheck[];
}

/** What to remove: a service, a check, or with neither the node and all that is on it. */
export interface CatalogDeregistration {
  readonly node: string;
  readonly serviceId: string;
  readonly checkId: string;
}

/** The draft of a node record. */
export type NodeDraft = Draft<NodeRecord>;
