import { createHash, createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { AppError } from '../core/index.js';
import { isoSeconds, type KeyChoice, type NewRoot, newRoot, rootIdOf } from './root.js';

/** A root that an operator brings, in PEM. */
export interface OwnRoot {
  readonly certPem: string;
  /** A secret. Empty = the one that is stored already. */
  readonly privateKeyPem: string;
}

const CURVE_BITS: Readonly<Record<string, number>> = { prime256v1: 256, secp384r1: 384, secp521r1: 521 };
const SMALLEST_RSA_BITS = 2048;

/** The id of the root with this certificate. Throws AppError('invalidArgument') where it is none. */
export const idOfRoot = (certPem: string): string => rootIdOf(readCertificate(certPem).raw);

/** The cluster id in the root's URI SAN `spiffe://<cluster id>.consul`. Throws AppError('invalidArgument') where there is none. */
export function clusterIdOfRoot(certPem: string): string {
  const uris = urisOf(readCertificate(certPem));
  const [, id] = uris.map((uri) => /^spiffe:\/\/([^./]+)\.consul$/i.exec(uri)).find((match) => match !== null) ?? [];
  if (id === undefined)
    throw refused(`must name its trust domain by a URI SAN, spiffe://<cluster id>.consul; it has ${listed(uris)}`);
  return id.toLowerCase();
}

/**
 * Takes a root with its key as the authority's own. It must be a certificate that may sign others, signed by itself, valid now, of this
 * trust domain, and the key must be its: EC on P-256, P-384 or P-521, or RSA of 2048 bits or more. Throws AppError('invalidArgument')
 * with the rule that is broken and nothing of the key.
 */
export async function takeRoot(
  { certPem, privateKeyPem }: OwnRoot,
  clusterId: string,
  nowMs: number,
): Promise<NewRoot> {
  const certificate = readCertificate(certPem);
  const privateKey = readKey(privateKeyPem);
  if (!certificate.checkPrivateKey(privateKey)) throw refused('and PrivateKey do not belong together');
  const choice = kindOf(privateKey);
  const x509 = await import('../core/x509.js');
  const parsed = new x509.X509Certificate(certificate.raw);
  const usage = parsed.getExtension(x509.KeyUsagesExtension)?.usages;
  if (!certificate.ca || (usage !== undefined && (usage & x509.KeyUsageFlags.keyCertSign) === 0))
    throw refused('may not sign certificates: make it with basicConstraints CA:TRUE and keyUsage keyCertSign');
  if (certificate.subject !== certificate.issuer || !certificate.verify(certificate.publicKey))
    throw refused('is not a root: it must be signed by its own key');
  if (parsed.notBefore.getTime() > nowMs || parsed.notAfter.getTime() <= nowMs)
    throw refused(`is valid from ${isoSeconds(parsed.notBefore)} to ${isoSeconds(parsed.notAfter)}, and not now`);
  const ownClusterId = clusterIdOfRoot(certPem);
  if (ownClusterId !== clusterId)
    throw refused(`is of the trust domain ${ownClusterId}.consul, and this is ${clusterId}.consul`);
  const told = parsed.getExtension(x509.SubjectKeyIdentifierExtension)?.keyId;
  const spki = certificate.publicKey.export({ type: 'spki', format: 'der' });
  const keyIdentifier = told === undefined ? createHash('sha256').update(spki).digest() : Buffer.from(told, 'hex');
  const privateKeyPkcs8 = privateKey.export({ type: 'pkcs8', format: 'pem' }) as string;
  return newRoot(parsed, { keyIdentifier, choice, privateKeyPem: privateKeyPkcs8 });
}

function readCertificate(text: string): X509Certificate {
  if ((text.match(/-----BEGIN CERTIFICATE-----/g) ?? []).length !== 1)
    throw refused('must be one certificate in PEM, without a chain');
  try {
    return new X509Certificate(text);
  } catch {
    throw refused('is not a certificate in PEM');
  }
}

function readKey(text: string): KeyObject {
  try {
    return createPrivateKey(text);
  } catch {
    throw new AppError('invalidArgument', 'PrivateKey is not a private key in PEM without a passphrase');
  }
}

function kindOf({ asymmetricKeyType: type, asymmetricKeyDetails: details }: KeyObject): KeyChoice {
  const bits = (type === 'rsa' ? details?.modulusLength : CURVE_BITS[details?.namedCurve ?? '']) ?? 0;
  if ((type === 'ec' && bits > 0) || (type === 'rsa' && bits >= SMALLEST_RSA_BITS)) return { type, bits };
  throw new AppError('invalidArgument', 'PrivateKey must be EC (P-256, P-384, P-521) or RSA of 2048 bits or more');
}

const urisOf = ({ subjectAltName = '' }: X509Certificate): string[] =>
  subjectAltName.split(', ').flatMap((name) => (name.startsWith('URI:') ? [name.slice('URI:'.length)] : []));

const listed = (items: readonly string[]): string => (items.length === 0 ? 'none' : items.join(', '));

const refused = (rule: string): AppError => new AppError('invalidArgument', `RootCert ${rule}`);
