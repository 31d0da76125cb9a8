import { type KeyObject, createHash, createPublicKey, randomBytes, webcrypto } from 'node:crypto';

/** P-256, as all certificates of agents. */
export const KEY_ALGORITHM = { name: 'ECDSA', namedCurve: 'P-256' } as const;
export const SIGNING_ALGORITHM = { ...KEY_ALGORITHM, hash: 'SHA-256' } as const;
const DAY_MS = 24 * 3_600_000;

/** A new key pair, for WebCrypto and as PEM. */
export async function newKeys(): Promise<{ readonly pair: webcrypto.CryptoKeyPair; readonly privateKeyPem: string }> {
  const pair = await webcrypto.subtle.generateKey(KEY_ALGORITHM, true, ['sign', 'verify']);
  const { KeyObject: Keys } = await import('node:crypto');
  const privateKeyPem = Keys.from(pair.privateKey).export({ type: 'sec1', format: 'pem' }) as string;
  return { pair, privateKeyPem };
}

/** A private key read from PEM, for WebCrypto. */
export function importSigner(key: KeyObject): Promise<webcrypto.CryptoKey> {
  const der = key.export({ type: 'pkcs8', format: 'der' });
  return webcrypto.subtle.importKey('pkcs8', der, KEY_ALGORITHM, false, ['sign']);
}

/** The key identifier of a public key: SHA-256 of its SubjectPublicKeyInfo, as hex. */
export async function keyIdentifier(key: webcrypto.CryptoKey): Promise<string> {
  return createHash('sha256')
    .update(Buffer.from(await webcrypto.subtle.exportKey('spki', key)))
    .digest('hex');
}

/** The same of the public half of a private key. */
export function signerIdentifier(key: KeyObject): string {
  return createHash('sha256')
    .update(createPublicKey(key).export({ type: 'spki', format: 'der' }))
    .digest('hex');
}

/** A positive serial number, as hex. */
export const newSerialNumber = (): string => `00${randomBytes(16).toString('hex')}`;

/** From now on, for so many days. */
export function validFor(days: number): { readonly notBefore: Date; readonly notAfter: Date } {
  const now = Date.now();
  return { notBefore: new Date(now), notAfter: new Date(now + days * DAY_MS) };
}
