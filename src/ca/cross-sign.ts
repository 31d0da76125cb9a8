import { X509Certificate, createPrivateKey, randomBytes, webcrypto } from 'node:crypto';
import type { CaKeyRecord, CaRootRecord, Draft } from '../model/index.js';
import { pem } from '../core/pem.js';
import { keyAlgorithm } from './root.js';

/** How long a cross-signed root is good, as Consul makes it; until then everybody has been given the root itself. */
const LIFETIME_MS = 7 * 24 * 3_600_000;

/** A certificate (PEM) of the new root's name and key, signed by the old root: for those who do not trust the new root yet. */
export async function crossSign(
  old: CaRootRecord,
  oldKey: CaKeyRecord,
  next: Draft<CaRootRecord>,
  nowMs: number,
): Promise<string> {
  const x509 = await import('../core/x509.js');
  const issuer = new x509.X509Certificate(new X509Certificate(old.rootCertPem).raw);
  const root = new x509.X509Certificate(new X509Certificate(next.rootCertPem).raw);
  const algorithm = keyAlgorithm({ type: old.privateKeyType === 'rsa' ? 'rsa' : 'ec', bits: old.privateKeyBits });
  const pkcs8 = createPrivateKey(oldKey.privateKeyPem).export({ type: 'pkcs8', format: 'der' });
  const signingKey = await webcrypto.subtle.importKey('pkcs8', pkcs8, algorithm, false, ['sign']);
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: `00${randomBytes(8).toString('hex')}`,
    subject: root.subjectName,
    issuer: issuer.subjectName,
    notBefore: new Date(nowMs - 60_000),
    notAfter: new Date(Math.min(nowMs + LIFETIME_MS, Date.parse(old.notAfter))),
    publicKey: root.publicKey,
    signingKey,
    signingAlgorithm: { ...algorithm, hash: 'SHA-256' },
    extensions: [
      // All that the root says of itself, but who has signed it.
      ...root.extensions.filter(({ type }) => type !== AUTHORITY_KEY_IDENTIFIER),
      new x509.AuthorityKeyIdentifierExtension(old.signingKeyId.replaceAll(':', '')),
    ],
  });
  return pem('CERTIFICATE', Buffer.from(certificate.rawData));
}

const AUTHORITY_KEY_IDENTIFIER = '2.5.29.35';
