/** The messages of proto/cluster/cluster.proto as proto-loader reads and takes them: camelCase, every field present. */
import type { AgentFacts, ServerPeer } from '../contract.js';
import type { WireRange } from './wire-version.js';

export interface JoinRequest extends WireRange {
  readonly joinSecret: Uint8Array;
  readonly datacenter: string;
  readonly nodeName: string;
  readonly nodeId: string;
  readonly publicKey: Uint8Array;
  readonly proof: Uint8Array;
  readonly version: string;
}

export interface JoinResponse {
  readonly certificatePem: string;
  readonly authorityPem: string;
  readonly clusterId: string;
  readonly servers: readonly ServerPeer[];
  readonly keys: readonly TrustedKey[];
}

/** What a client agent has of a cluster key. */
export interface TrustedKey {
  readonly authorityPem: string;
  readonly joinSecret: Uint8Array;
}

/** Which keys a client agent has, by hashes of their authorities. */
export interface KnownKeys {
  readonly authorities: readonly Uint8Array[];
  readonly inUse: Uint8Array;
}

/** Exactly one of the fields is set; the others are absent or null. */
export interface AgentMessage {
  readonly facts?: (AgentFacts & WireRange) | null;
  readonly beat?: Empty | null;
  readonly renew?: { readonly publicKey: Uint8Array; readonly proof: Uint8Array } | null;
  readonly leave?: Empty | null;
  readonly keys?: KnownKeys | null;
}

/** Exactly one of the fields is set; the others are absent or null. */
export interface ServerMessage {
  readonly welcome?: {
    readonly intervalMs: number;
    readonly serverId: string;
    readonly servers: readonly ServerPeer[];
  } | null;
  readonly servers?: { readonly servers: readonly ServerPeer[] } | null;
  readonly renewed?: { readonly certificatePem: string; readonly authorityPem: string } | null;
  readonly farewell?: Empty | null;
  readonly beat?: Empty | null;
  readonly keys?: { readonly keys: readonly TrustedKey[] } | null;
  readonly state?: { readonly epoch: string } | null;
}

export interface DnsMessage {
  readonly message: Uint8Array;
  readonly tcp: boolean;
  readonly clientAddress: string;
  readonly settings: string;
}

export interface Introduction extends WireRange {
  readonly self: ServerPeer | null;
  readonly known: readonly ServerPeer[];
  readonly expect: number;
  /** How far the server has applied the state; 0 = it has none yet. */
  readonly index: number;
}

export interface Question {
  readonly name: string;
  readonly body: Uint8Array;
}

export interface Answer {
  readonly body: Uint8Array;
}

export type LocateRequest = Empty;

export interface CertifyRequest {
  readonly nodeName: string;
  readonly names: readonly string[];
  readonly have: string;
}

export interface CertifyResponse {
  readonly certificatePem: string;
  readonly privateKeyPem: string;
  readonly version: string;
  readonly renewInMs: number;
}

type Empty = Readonly<Record<never, never>>;
