import { createHash } from 'node:crypto';
import { AppError } from '../../core/index.js';
import { clusterKeyProblem, type ClusterSecrets, deriveClusterSecrets } from './cluster-key.js';

const MOST_KEYS = 16;

/** A cluster key with all that comes from it. */
export interface ClusterKey {
  /** As `encrypt` has it, base64. */
  readonly text: string;
  readonly secrets: ClusterSecrets;
}

/** The cluster keys that a server trusts. Never changed, only followed by one of a greater revision. */
export interface KeyRing {
  /** How often it was changed since the first server was given its `encrypt`. */
  readonly revision: number;
  /** The one in use first: it signs, the others are only trusted. */
  readonly keys: readonly [ClusterKey, ...ClusterKey[]];
}

/** What comes from all cluster keys that are trusted, the one in use first. */
export interface ClusterKeys {
  all(): readonly [ClusterSecrets, ...ClusterSecrets[]];
  /** Calls back when they have changed. Returns the function that ends it. */
  onChange(listener: () => void): () => void;
}

/** The ring of a server that was given one key. Throws AppError('invalidArgument'). */
export function ringOfKey(encrypt: string): KeyRing {
  return { revision: 0, keys: [keyOf(encrypt)] };
}

/** The ring with one more key. Throws AppError('invalidArgument') for what is no key, and when there are too many. */
export function withKey(ring: KeyRing, text: string): KeyRing {
  if (clusterKeyProblem(text) !== undefined) throw refused('key size must be 16, 24 or 32 bytes');
  if (hasKey(ring, text)) return ring;
  if (ring.keys.length >= MOST_KEYS) throw refused(`a keyring holds at most ${MOST_KEYS} keys: remove one first`);
  return { revision: ring.revision + 1, keys: [...ring.keys, keyOf(text)] };
}

/** The ring with this key in use. Throws AppError('invalidArgument') when it does not hold it. */
export function withPrimary(ring: KeyRing, text: string): KeyRing {
  const key = ring.keys.find((one) => one.text === text);
  if (key === undefined) throw refused('Requested key is not in the keyring');
  if (ring.keys[0] === key) return ring;
  return { revision: ring.revision + 1, keys: [key, ...ring.keys.filter((one) => one !== key)] };
}

/** The ring without a key. Throws AppError('invalidArgument') for the one in use; a key that is not there is no matter. */
export function withoutKey(ring: KeyRing, text: string): KeyRing {
  const [primary, ...others] = ring.keys;
  if (primary.text === text) throw refused('Removing the primary key is not allowed');
  if (!hasKey(ring, text)) return ring;
  return { revision: ring.revision + 1, keys: [primary, ...others.filter((one) => one.text !== text)] };
}

export const hasKey = ({ keys }: KeyRing, text: string): boolean => keys.some((key) => key.text === text);

/** What others are told of a ring, to see whose is newer; it gives no key away. */
export function ringMark({ revision, keys }: KeyRing): string {
  const hash = createHash('sha256');
  for (const { secrets } of keys) hash.update(secrets.authority.publicKeyHash);
  return `${revision}.${hash.digest('hex').slice(0, 16)}`;
}

/** Whether the ring of a mark is newer. Of two that were made at the same time all servers take the same one. */
export function isNewer(mark: string, than: string): boolean {
  const [revision, ownRevision] = [Number.parseInt(mark, 10), Number.parseInt(than, 10)];
  if (!(revision >= 0) || mark === than) return false;
  return revision === ownRevision ? mark > than : revision > ownRevision;
}

/** A ring as a server keeps it, and gives it to other servers. */
export function formatKeyRing({ revision, keys }: KeyRing): string {
  return JSON.stringify({ revision, keys: keys.map(({ text }) => text) });
}

/** Reads what `formatKeyRing` wrote. Throws AppError('corruptState') that repeats nothing of it. */
export function parseKeyRing(written: string): KeyRing {
  try {
    const { revision, keys } = JSON.parse(written) as { readonly revision?: unknown; readonly keys?: unknown };
    const texts = Array.isArray(keys) ? keys.filter((key): key is string => typeof key === 'string') : [];
    const [first, ...others] = texts;
    if (Number.isSafeInteger(revision) && first !== undefined && texts.length <= MOST_KEYS)
      return { revision: revision as number, keys: [keyOf(first), ...others.map(keyOf)] };
  } catch {
    // Its text might hold a key, and so might the error.
  }
  throw new AppError('corruptState', 'it is not a keyring');
}

const keyOf = (text: string): ClusterKey => ({ text: text.trim(), secrets: deriveClusterSecrets(text) });
const refused = (problem: string): AppError => new AppError('invalidArgument', problem);
