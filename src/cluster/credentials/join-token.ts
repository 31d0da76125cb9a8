import { AppError } from '../../core/index.js';
import type { ClusterSecrets } from './cluster-key.js';

const VERSION = 'mwj1';
const HASH_BYTES = 32;
const SECRET_BYTES = 32;

/** What a client agent needs to find out who its servers are, and to be let in by them. */
export interface JoinToken {
  /** SHA-256 of the public key of the cluster's authority. */
  readonly authorityHash: Buffer;
  readonly secret: Buffer;
}

/** The token of the holder of the cluster key. */
export function joinTokenOf({ authority, joinSecret }: ClusterSecrets): JoinToken {
  return { authorityHash: authority.publicKeyHash, secret: joinSecret };
}

/** `mwj1.<hash of the authority's key>.<join secret>`, both base64url without padding. */
export function formatJoinToken({ authorityHash, secret }: JoinToken): string {
  return [VERSION, authorityHash.toString('base64url'), secret.toString('base64url')].join('.');
}

/** Reads a token; space around it is no matter. Throws AppError('invalidArgument') that does not repeat it. */
export function parseJoinToken(text: string): JoinToken {
  const refuse = (problem: string): never => {
    throw new AppError(
      'invalidArgument',
      `${problem}; "meshwright operator join-token" on a server shows the right one`,
    );
  };
  const [version = '', hash = '', secret = '', ...rest] = text.trim().split('.');
  if (version !== VERSION) return refuse(`a join token begins with "${VERSION}."`);
  const parts = { authorityHash: exactly(hash, HASH_BYTES), secret: exactly(secret, SECRET_BYTES) };
  const { authorityHash, secret: secretBytes } = parts;
  if (rest.length > 0 || authorityHash === undefined || secretBytes === undefined)
    return refuse('the join token is cut off or damaged');
  return { authorityHash, secret: secretBytes };
}

/** Bytes of base64url in its one canonical spelling; undefined for anything else. */
function exactly(text: string, bytes: number): Buffer | undefined {
  const decoded = Buffer.from(text, 'base64url');
  return decoded.length === bytes && decoded.toString('base64url') === text ? decoded : undefined;
}
