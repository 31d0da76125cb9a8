import { KeyObject, randomBytes, webcrypto } from 'node:crypto';
import { sha256Hex } from '../../core/hash.js';

/** P-256, as all certificates of agents. */
export const KEY_ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256' } as const;
export const SIGNING_ALGORITHM = { ...KEY_ALGORITHM, hash: 'SHA-256' } as const;
const DAY_MS = 24 * 3_600_000;

export interface NewKeys {
  readonly pair: webcrypto.CryptoKeyPair;
  readonly privateKeyPem: string;
  /** That of the public key. */
  readonly identifier: string;
}

/** A new key pair, for WebCrypto and as PEM. */
export async function newKeys(): Promise<NewKeys> {
  const pair = await webcrypto.subtle.generateKey(KEY_ALGORITHM, true, ['sign', 'verify']);
  const privateKeyPem = KeyObject.from(pair.privateKey).export({ type: 'sec1', format: 'pem' }) as string;
  return { pair, privateKeyPem, identifier: keyIdentifier(KeyObject.from(pair.publicKey)) };
}

/** A private key read from PEM, for WebCrypto. */
export function importSigner(key: KeyObject): Promise<webcrypto.CryptoKey> {
  const der = key.export({ type: 'pkcs8', format: 'der' });
  return webcrypto.subtle.importKey('pkcs8', der, KEY_ALGORITHM, false, ['sign']);
}

/** The key identifier of a public key: SHA-256 of its SubjectPublicKeyInfo, as hex. */
export const keyIdentifier = (key: KeyObject): string => sha256Hex(key.export({ type: 'spki', format: 'der' }));

/** A positive serial number, as hex. */
export const newSerialNumber = (): string => `00${randomBytes(16).toString('hex')}`;

/** A certificate cannot say a year beyond 9999 (RFC 5280 4.1.2.5). */
const MOST_DAYS = 365_000;

/** Why a certificate cannot be valid for so many days; undefined when it can. */
export function daysProblem(days: number): string | undefined {
  if (days < 1) return 'The -days flag must be 1 or more';
  return days > MOST_DAYS ? `The -days flag must be ${MOST_DAYS} or less` : undefined;
}

/** From now on, for so many days. */
export function validFor(days: number): { readonly notBefore: Date; readonly notAfter: Date } {
  const now = Date.now();
  return { notBefore: new Date(now), notAfter: new Date(now + days * DAY_MS) };
}
