import { createHash, timingSafeEqual } from 'node:crypto';
import { AppError, type Clock } from '../../core/index.js';
import {
  agentUri,
  checkProofOfKey,
  type ClusterKeys,
  type ClusterSecrets,
  issueCertificate,
} from '../credentials/index.js';
import type { JoinRequest, TrustedKey } from '../wire/messages.js';
import { wireProblem } from '../wire/wire-version.js';

const NODE_ID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const LONGEST_NAME = 128;
const WINDOW_MS = 60_000;
/** Wrong secrets of one address within the window, after which it is not listened to. */
const MOST_FAILURES = 10;
/** Addresses whose failures are remembered; beyond it nobody's are, and all count as one. */
const MOST_ADDRESSES = 10_000;
/** Joins a second in all: each costs a signature and a check of one. */
const MOST_JOINS_A_SECOND = 200;

export interface JoinDeskParts {
  readonly datacenter: string;
  /** Absent: nobody joins here by token. */
  readonly keys: ClusterKeys | undefined;
  readonly clock: Clock;
  /** Why this node may not join, by name and id; undefined = it may. */
  readonly conflict: (nodeName: string, nodeId: string) => string | undefined;
}

/** A certificate with its authority. */
export interface Issued {
  readonly certificatePem: string;
  readonly authorityPem: string;
}

/** Lets client agents in: the secret is compared in constant time, and whoever guesses is soon not listened to. */
export class JoinDesk {
  readonly #parts: JoinDeskParts;
  readonly #failures = new Map<string, number>();
  #windowEndsMs = 0;
  #second = { index: 0, joins: 0 };

  constructor(parts: JoinDeskParts) {
    this.#parts = parts;
  }

  /** A first certificate. Throws AppError('busy' | 'permissionDenied' | 'invalidArgument' | 'conflict' | 'unsupported'). */
  join(
    request: JoinRequest,
    remoteAddress: string,
  ): Issued & { readonly clusterId: string; readonly keys: readonly TrustedKey[] } {
    const keys = this.#keys();
    this.#checkRate(remoteAddress);
    // All are compared: how long that takes says nothing about which one it was.
    if (!keys.map(({ joinSecret }) => sameSecret(request.joinSecret, joinSecret)).includes(true)) {
      this.#failures.set(this.#place(remoteAddress), (this.#failures.get(this.#place(remoteAddress)) ?? 0) + 1);
      throw new AppError(
        'permissionDenied',
        'the join token is not of this cluster: "meshwright operator join-token" on a server shows the right one',
      );
    }
    const problem = wireProblem(`agent "${printable(request.nodeName)}"`, request);
    if (problem !== undefined) throw new AppError('unsupported', problem);
    const { datacenter } = this.#parts;
    if (request.datacenter !== datacenter)
      throw new AppError(
        'invalidArgument',
        `agent of datacenter "${printable(request.datacenter)}" cannot join here: this server is of datacenter "${datacenter}"`,
      );
    checkName(request.nodeName);
    if (!NODE_ID.test(request.nodeId)) throw new AppError('invalidArgument', 'the node id is not a UUID in lower case');
    const conflict = this.#parts.conflict(request.nodeName, request.nodeId);
    if (conflict !== undefined) throw new AppError('conflict', conflict);
    const issued = this.issue(request.nodeName, request.publicKey, request.proof);
    return { ...issued, clusterId: keys[0].clusterId, keys: this.trusted };
  }

  /** What client agents are told of the cluster's keys, the one in use first; empty where nobody joins by token. */
  get trusted(): readonly TrustedKey[] {
    const keys = this.#parts.keys?.all() ?? [];
    return keys.map(({ authority, joinSecret }) => ({ authorityPem: authority.certificatePem, joinSecret }));
  }

  /** A certificate for a node whose agent is known. Throws AppError('invalidArgument' | 'unsupported'). */
  issue(node: string, publicKey: Uint8Array, proof: Uint8Array): Issued {
    const [{ authority, clusterId }] = this.#keys();
    checkProofOfKey(publicKey, proof, node);
    const uri = agentUri(clusterId, { role: 'client', datacenter: this.#parts.datacenter, node });
    const { certPem } = issueCertificate(authority, publicKey, { uri, names: [] }, this.#parts.clock.now());
    return { certificatePem: certPem, authorityPem: authority.certificatePem };
  }

  #keys(): readonly [ClusterSecrets, ...ClusterSecrets[]] {
    const keys = this.#parts.keys?.all();
    if (keys === undefined)
      throw new AppError(
        'unsupported',
        'this server has no cluster key: give it encrypt, or give the agent certificates with tls.internal_rpc',
      );
    return keys;
  }

  #checkRate(address: string): void {
    const nowMs = this.#parts.clock.now();
    if (nowMs >= this.#windowEndsMs) {
      this.#failures.clear();
      this.#windowEndsMs = nowMs + WINDOW_MS;
    }
    const second = Math.floor(nowMs / 1000);
    if (this.#second.index !== second) this.#second = { index: second, joins: 0 };
    this.#second.joins += 1;
    if (this.#second.joins > MOST_JOINS_A_SECOND)
      throw new AppError('busy', 'too many agents join at this moment; try again');
    if ((this.#failures.get(this.#place(address)) ?? 0) >= MOST_FAILURES)
      throw new AppError('busy', 'too many wrong join tokens from this address; try again in a minute');
  }

  #place(address: string): string {
    return this.#failures.has(address) || this.#failures.size < MOST_ADDRESSES ? address : '';
  }
}

const digest = (bytes: Uint8Array): Buffer => createHash('sha256').update(bytes).digest();
const sameSecret = (given: Uint8Array, real: Uint8Array): boolean => timingSafeEqual(digest(given), digest(real));

/** Throws AppError('invalidArgument') for what cannot be the name of a node. */
export function checkName(name: string): void {
  if (
    name === '' ||
    name.length > LONGEST_NAME ||
    name !== name.trim() ||
    Buffer.from(name).toString() !== name ||
    hasControl(name)
  )
    throw new AppError(
      'invalidArgument',
      `a node name has 1 to ${LONGEST_NAME} characters, none of them a control character`,
    );
}

// oxlint-disable-next-line no-control-regex -- control characters are what is looked for
const hasControl = (text: string): boolean => /[\u0000-\u001f\u007f]/.test(text);
const printable = (text: string): string => JSON.stringify(text.slice(0, 64)).slice(1, -1);
