import type { ResourceType } from '../resources/spec.js';

/** How far one resource has come at one proxy. */
export type ResourceProgress =
  /** The proxy has acknowledged what it should have. */
  | 'current'
  /** Something newer is due or sent, and not acknowledged yet. */
  | 'pending'
  /** The proxy refused the wanted version; it runs on the last accepted one. */
  | 'refused'
  /** The proxy has not asked for it. */
  | 'unasked'
  /** It does not compile now; the proxy keeps the last good version. */
  | 'failing';

export interface ResourceStatus {
  readonly type: ResourceType;
  readonly name: string;
  readonly progress: ResourceProgress;
  readonly wantedVersion: string;
  readonly sentVersion: string;
  readonly acceptedVersion: string;
  /** Entries it came from, `kind/name`. */
  readonly entries: readonly string[];
  readonly refusal?: { readonly version: string; readonly error: string; readonly at: string; readonly index: number };
}

/** Access was taken away, and connections that were open before may still live. */
export interface PendingRevocation {
  /** State index of the write that took access away. */
  readonly index: number;
  /** When the proxy accepted the listener that ends such connections; empty while it has not. */
  readonly acceptedAt: string;
  /** When the last of them ends at the latest; empty when not known, because the drain time is not ours. */
  readonly endsAt: string;
  readonly reason: string;
}

export interface ProxyStatus {
  readonly node: string;
  readonly proxyId: string;
  readonly service: string;
  readonly connected: boolean;
  readonly connectedAt: string;
  /** Empty while connected. */
  readonly disconnectedAt: string;
  readonly protocol: 'delta' | 'state-of-the-world';
  /** `envoy`, `gRPC Node Pure JS` …; empty when the client did not say. */
  readonly userAgent: string;
  readonly version: string;
  /** Whether the version is one we test with. */
  readonly tested: boolean;
  readonly remoteAddress: string;
  readonly encrypted: boolean;
  /** Something is due or not acknowledged. */
  readonly pending: boolean;
  /** The newest state index of which the proxy has accepted, or refused, all that concerns it. */
  readonly acceptedIndex: number;
  readonly counts: Readonly<Record<ResourceType, number>>;
  readonly refused: number;
  readonly revocationPending?: PendingRevocation;
}

export interface ProxyDetail extends ProxyStatus {
  /** All resources; of a proxy that is not connected those that were not `current` when it went. */
  readonly resources: readonly ResourceStatus[];
  /** Sentences about what is wrong with this proxy's configuration. */
  readonly problems: readonly string[];
}

/** How far connected proxies are with what was made from one entry. */
export interface EntryProgress {
  readonly proxies: number;
  /** Of these, how many have not accepted all of it yet, and how many refused something. */
  readonly pending: number;
  readonly refused: number;
  /** The newest state index of which all of them have accepted, or refused, what concerns them. */
  readonly acceptedIndex: number;
}

/** A connected proxy that has something made from an entry. */
export interface EntryProxy {
  readonly node: string;
  readonly proxyId: string;
  readonly service: string;
  readonly pending: boolean;
  readonly refused: boolean;
  readonly acceptedIndex: number;
}

/** A sentence about a proxy's configuration. */
export interface ProxyProblem {
  readonly node: string;
  readonly proxyId: string;
  readonly problem: string;
}

/** A connected proxy, without what it has been sent. */
export type ConnectedClient = Pick<ProxyStatus, 'node' | 'proxyId' | 'service' | 'userAgent' | 'version'>;

/** Query side of what the proxies have; lives in memory of the server that holds the streams. */
export interface Propagation {
  list(): readonly ProxyStatus[];
  /** Who is connected now, in no order: cheap, for decisions that concern all of them. */
  connected(): readonly ConnectedClient[];
  get(node: string, proxyId: string): ProxyDetail | undefined;
  /** By `kind/name`; entries from which no connected proxy has anything are not in it. */
  entries(): ReadonlyMap<string, EntryProgress>;
  /** The connected proxies that have something made from an entry (`kind/name`), by node and id. */
  proxiesOf(entry: string): readonly EntryProxy[];
  /** What is wrong with the configuration of connected proxies. */
  problems(): readonly ProxyProblem[];
}
