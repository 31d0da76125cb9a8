import type { CertificateAuthority, IssuedLeaf } from '../../ca/index.js';
import type { Clock } from '../../core/index.js';

/** A leaf as the agent hands it out. */
export interface HeldLeaf {
  readonly leaf: IssuedLeaf;
  /** The index of its answer: grows with every renewal. */
  readonly index: number;
  readonly renewAtMs: number;
}

const MAX_HELD = 2_000;

/**
 * The leaves that `agent/connect/ca/leaf` has issued, so that asking again gives the same certificate. Only ever asked after
 * the caller was authorised for the service. In memory only; the oldest are forgotten first.
 */
export class LeafStore {
  readonly #held = new Map<string, HeldLeaf>();
  #lastIndex = 0;

  /**
   * The leaf for a SPIFFE id: the one held, unless its renewal is due or another root signs now. `leastIndex` is the
   * store's index, or the one after the root's: a leaf is younger than what signs it.
   */
  get(ca: CertificateAuthority, clock: Clock, spiffeId: string, activeRootId: string, leastIndex: number): HeldLeaf {
    const key = `${activeRootId} ${spiffeId}`;
    const held = this.#held.get(key);
    if (held !== undefined && held.renewAtMs > clock.now()) return held;
    const leaf = ca.issueLeaf({ spiffeId, dnsNames: [] });
    this.#lastIndex = Math.max(this.#lastIndex + 1, leastIndex);
    const fresh = { leaf, index: this.#lastIndex, renewAtMs: ca.renewalOf(leaf) };
    this.#held.delete(key);
    this.#held.set(key, fresh);
    for (const oldest of this.#held.keys()) {
      if (this.#held.size <= MAX_HELD) break;
      this.#held.delete(oldest);
    }
    return fresh;
  }
}
