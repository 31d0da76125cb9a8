import { AppError, type Clock } from '../../core/index.js';
import type { CertificateAuthority, IssuedLeaf, LeafRequest } from '../../ca/index.js';
import { type EncodedResource, LEAF_SECRET } from '../resources/spec.js';
import type { XdsLogger } from './contract.js';
import { encodeLeafSecret } from './leaf-secret.js';
import type { ResourceSource } from './resource-cells.js';

/** Timers cannot be set further ahead than 2^31 ms; a day is enough, it is looked at again then. */
const LONGEST_TIMER_MS = 86_400_000;
const RETRY_AFTER_MS = 5_000;
/** However short the TTL: never renew in a tight loop. */
const SHORTEST_RENEWAL_MS = 1_000;

/** What all leaves of a server share. */
export interface LeafServices {
  readonly ca: CertificateAuthority;
  readonly clock: Clock;
  readonly logger: XdsLogger;
}

/** Whose leaf it is. */
export interface LeafOwner {
  /** Read each time: the proxy's identity may change with its registration. */
  readonly leafRequest: LeafRequest;
  /** `current` is new. */
  leafIssued(): void;
}

/**
 * The leaf certificate of one stream: issued when asked for, renewed before it expires or when the CA or the identity changes.
 * A leaf that a reconnecting client claims and that is still good is left alone (DESIGN, "Leaves").
 */
export class LeafKeeper implements ResourceSource {
  readonly failing = false;
  readonly #services: LeafServices;
  readonly #owner: LeafOwner;
  #current: EncodedResource | undefined;
  /** The version the client has or was sent. */
  #version: string | undefined;
  #cancelTimer: (() => void) | undefined;

  constructor(services: LeafServices, owner: LeafOwner) {
    this.#services = services;
    this.#owner = owner;
  }

  /** The issued leaf; undefined while the client uses one that another stream or server gave it. */
  get current(): EncodedResource | undefined {
    return this.#current;
  }

  /** Accepts a claimed leaf if it is still good; it is renewed in its time. */
  adopt(version: string): boolean {
    const renewAtMs = this.#services.ca.renewalOfClaim(version, this.#owner.leafRequest);
    if (renewAtMs === undefined) return false;
    this.#version = version;
    this.#renewAt(renewAtMs);
    return true;
  }

  /** Issues a leaf unless this stream has one. */
  ensure(): void {
    if (!this.#current) this.#issue();
  }

  /** Issues a new one if roots or identity have changed such that the present one is no longer right. */
  recheck(): void {
    if (this.#version === undefined) return;
    if (this.#services.ca.renewalOfClaim(this.#version, this.#owner.leafRequest) === undefined) this.#issue();
  }

  stop(): void {
    this.#cancelTimer?.();
    this.#current = undefined;
    this.#version = undefined;
  }

  #issue(): void {
    let leaf: IssuedLeaf;
    try {
      leaf = this.#services.ca.issueLeaf(this.#owner.leafRequest);
    } catch (thrown) {
      this.#services.logger.error(
        { reason: AppError.from(thrown).message },
        'cannot issue a leaf certificate; trying again soon',
      );
      this.#after(RETRY_AFTER_MS, () => this.#issue());
      return;
    }
    this.#current = {
      type: 'secret',
      name: LEAF_SECRET,
      version: leaf.version,
      bytes: encodeLeafSecret(leaf),
      references: [],
      entries: [],
    };
    this.#version = leaf.version;
    this.#renewAt(this.#services.ca.renewalOf(leaf));
    this.#owner.leafIssued();
  }

  #renewAt(atMs: number): void {
    const delayMs = Math.max(SHORTEST_RENEWAL_MS, atMs - this.#services.clock.now());
    if (delayMs > LONGEST_TIMER_MS) this.#after(LONGEST_TIMER_MS, () => this.#renewAt(atMs));
    else this.#after(delayMs, () => this.#issue());
  }

  #after(delayMs: number, task: () => void): void {
    this.#cancelTimer?.();
    this.#cancelTimer = this.#services.clock.after(delayMs, task);
  }
}
