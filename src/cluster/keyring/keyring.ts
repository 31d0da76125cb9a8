import { type ClusterKeys, type ClusterSecrets, formatKeyRing, type KeyRing } from '../credentials/index.js';

type Follower = () => void | Promise<void>;

/** The cluster keys of this server: kept before anybody hears of a change. */
export class Keyring implements ClusterKeys {
  readonly #keep: (text: string) => void;
  readonly #followers = new Set<Follower>();
  #ring: KeyRing;

  /** `keep` writes a changed ring where it outlives the process. */
  constructor(ring: KeyRing, keep: (text: string) => void) {
    [this.#ring, this.#keep] = [ring, keep];
  }

  get ring(): KeyRing {
    return this.#ring;
  }

  /** A mark of each key, which gives no key away. */
  get marks(): readonly string[] {
    return this.#ring.keys.map(({ secrets }) => secrets.authority.publicKeyHash.toString('hex', 0, 8));
  }

  all(): readonly [ClusterSecrets, ...ClusterSecrets[]] {
    const [primary, ...others] = this.#ring.keys;
    return [primary.secrets, ...others.map(({ secrets }) => secrets)];
  }

  onChange(follower: Follower): () => void {
    this.#followers.add(follower);
    return () => this.#followers.delete(follower);
  }

  /** Goes on with another ring; resolves when all that use the keys do. Throws what `keep` throws; then nothing has changed. */
  async replace(next: KeyRing): Promise<void> {
    this.#keep(formatKeyRing(next));
    this.#ring = next;
    await Promise.all([...this.#followers].map(async (follower) => follower()));
  }
}
