import type { Readable } from 'node:stream';
import type { Observable } from 'rxjs';
import type { AppError } from '../core/index.js';
import type { CertifyRequest, CertifyResponse, DnsMessage } from './wire/messages.js';
import type { Measured } from '../discovery/coordinates/index.js';

/** A server as the others reach it. */
export interface ServerPeer {
  /** Its node id. */
  readonly id: string;
  readonly name: string;
  /** `host:port` of its cluster door. */
  readonly address: string;
  readonly version: string;
  readonly datacenter: string;
  /** It is about to leave: new work goes to the others. */
  readonly draining: boolean;
  /** What its parts tell those of the other servers, such as where its etcd member is. */
  readonly tags: Readonly<Record<string, string>>;
}

/** What an agent tells of itself; the catalog and the list of members show it. */
export interface AgentFacts {
  readonly nodeName: string;
  readonly nodeId: string;
  readonly address: string;
  /** The port that `members` shows, Consul's serf_lan. */
  readonly port: number;
  readonly datacenter: string;
  readonly version: string;
  readonly taggedAddresses: Readonly<Record<string, string>>;
  readonly nodeMeta: Readonly<Record<string, string>>;
  /** Tags of the member, in Consul's words, besides those that the servers add themselves. */
  readonly tags: Readonly<Record<string, string>>;
  /** After how long it is forgotten once it has failed; 0 = the servers' setting. */
  readonly reconnectTimeoutMs: number;
}

/** A request that goes to a server's HTTP API. */
export interface LinkRequest {
  readonly method: string;
  /** Path and query, as the client wrote them. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  /** Absent = none. A stream can be sent once only, so that a request with one is never tried at a second server. */
  readonly body?: Uint8Array | Readable;
  /** Ends the request. */
  readonly signal?: AbortSignal;
}

export interface LinkResponse {
  readonly status: number;
  /** Names in the server's spelling, in its order: name, value, name, value … */
  readonly rawHeaders: readonly string[];
  readonly body: Readable;
  /** Who answered. */
  readonly server: ServerPeer;
}

/** How a link stands with its servers. */
export type LinkState =
  /** No server is reached; `problem` is why the last attempt failed. */
  | { readonly kind: 'searching'; readonly problem?: AppError }
  /** A server holds the heartbeat. */
  | { readonly kind: 'joined'; readonly server: ServerPeer }
  /** It left, or was closed. */
  | { readonly kind: 'left' };

/** A relayed stream of Envoy's aggregated discovery service: messages are bytes and stay as they are. */
export interface AdsRelay {
  /** Messages of the server; completes or errors (AppError with the server's words) when the stream ends. */
  readonly messages$: Observable<Buffer>;
  readonly server: ServerPeer;
  send(message: Uint8Array): void;
  /** The server is draining: the relay goes on, and its owner may open another and end this one. */
  readonly draining$: Observable<void>;
  end(): void;
}

export interface AdsOptions {
  readonly protocol: 'delta' | 'state-of-the-world';
  /** Metadata of the Envoy's stream that the server must see, such as `x-consul-token`. */
  readonly metadata: Readonly<Record<string, string>>;
  /** A server that was just seen to fail, to be tried last. */
  readonly avoid?: string;
}

/** A client agent's way to its servers: one of several, changed when one fails or drains. */
export interface ServerLink {
  readonly state$: Observable<LinkState>;
  /** The servers that are known, itself kept up to date by the heartbeat; starts with what is known. */
  readonly servers$: Observable<readonly ServerPeer[]>;
  /** Tells when the servers' state was replaced by a saved one: what this agent had written may be gone. */
  readonly replaced$: Observable<void>;
  /** Who this agent is to the servers; undefined until it has joined for the first time. */
  readonly identity: { readonly clusterId: string; readonly node: string; readonly notAfterMs: number } | undefined;
  /**
   * Sends a request to a server. Where no connection comes about (nothing was sent) the next server is tried. Throws
   * AppError('unavailable') when none is reached, AppError('cancelled') when the signal ended it.
   */
  request(request: LinkRequest): Promise<LinkResponse>;
  /** A DNS message and its answer. Throws as `request`. */
  dns(message: Uint8Array, from: Omit<DnsMessage, 'message'>): Promise<Buffer>;
  /** Where a server is in the network, and how long its answer took. Throws as `request`; 'unsupported' when it has no coordinates. */
  measure(server: ServerPeer): Promise<Measured>;
  /** A certificate for the agent's own TLS ports. Throws as `request`; 'permissionDenied' where servers give none, 'unsupported' where they are older. */
  certify(request: Omit<CertifyRequest, 'nodeName'>): Promise<CertifyResponse>;
  /** Opens an ADS stream at a server. Throws as `request`. */
  openAds(options: AdsOptions): Promise<AdsRelay>;
  /** Tells the servers new facts (a reload). */
  update(facts: AgentFacts): void;
  /** Contacts these addresses too. Throws AppError when none of them answers as a server of this cluster. */
  join(addresses: readonly string[]): Promise<number>;
  /** Leaves for good: resolves when the servers have taken the node out, or `timeoutMs` has passed. */
  leave(timeoutMs: number): Promise<void>;
  /** Ends without leaving: to the servers the agent has failed. */
  close(): void;
}

/** A server's view of the other servers. */
export interface ServerPeers {
  readonly self: () => ServerPeer;
  /** All that are known and reached, without itself; starts with what is known. */
  readonly peers$: Observable<readonly ServerPeer[]>;
  /** Sets tags of this server; an empty value takes one away. The others see them at the next introduction (within 2 s). */
  setTags(tags: Readonly<Record<string, string>>): void;
  /** Asks a part of another server. Throws AppError: what it answered with, or 'unavailable'. */
  ask(peer: ServerPeer, name: string, body: Uint8Array, timeoutMs?: number): Promise<Buffer>;
  /** Where another server is in the network, and how long its answer took. Throws AppError. */
  measure(peer: ServerPeer): Promise<Measured>;
  /** Answers questions of this name from other servers. An AppError thrown reaches who asked. Returns the function that ends it. */
  answer(name: string, handler: (body: Buffer, from: { readonly node: string }) => Promise<Uint8Array>): () => void;
}
