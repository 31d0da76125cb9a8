import { AppError } from '../../core/index.js';
import { type ConfigEntry, type InlineCertificateEntry, privateKeyProblem } from '../../model/index.js';
import type { Transaction } from '../../state/index.js';

/** An entry as it is stored, and the private key that came with it; '' = none. */
export function withoutKey(entry: ConfigEntry): { readonly entry: ConfigEntry; readonly keyPem: string } {
  if (entry.kind !== 'inline-certificate') return { entry, keyPem: '' };
  return { entry: { ...entry, privateKey: '' }, keyPem: entry.privateKey };
}

/**
 * Stores the key of a certificate that is written. Entries are shown without their key, so that one that was read can be written
 * again: without a key the stored one stays, if it is the certificate's. Throws AppError('invalidArgument') when there is none.
 */
export function storeKey(
  transaction: Transaction,
  { name, certificate }: InlineCertificateEntry,
  keyPem: string,
): void {
  if (keyPem !== '') {
    transaction.put('certificate-keys', { name, privateKeyPem: keyPem });
    return;
  }
  const stored = transaction.get('certificate-keys', name);
  if (stored && privateKeyProblem(certificate, stored.privateKeyPem) === undefined) return;
  throw new AppError(
    'invalidArgument',
    stored
      ? 'PrivateKey is required: the stored private key does not match this certificate'
      : 'PrivateKey is required: failed to parse private key PEM, it is empty',
  );
}
