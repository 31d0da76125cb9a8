import { createHash, randomBytes, webcrypto } from 'node:crypto';
import type { CaKeyRecord, CaRootRecord, Draft } from '../model/index.js';
import { pem } from '../core/pem.js';
import type { X509Certificate } from '../core/x509.js';
import { colonHex } from './encoding.js';

/** Key of the CA: P-256 by default (consul-behaviour 7.1). */
export interface KeyChoice {
  readonly type: 'ec' | 'rsa';
  readonly bits: number;
}

export interface NewRoot {
  readonly root: Draft<CaRootRecord>;
  readonly key: Draft<CaKeyRecord>;
}

const CURVES: Readonly<Record<number, string>> = { 256: 'P-256', 384: 'P-384', 521: 'P-521' };

/** How WebCrypto calls a key of this kind. */
export function keyAlgorithm(choice: KeyChoice): webcrypto.RsaHashedKeyGenParams | webcrypto.EcKeyGenParams {
  if (choice.type === 'rsa') {
    return {
      name: 'RSASSA-PKCS1-v1_5',
      hash: 'SHA-256',
      publicExponent: new Uint8Array([1, 0, 1]),
      modulusLength: choice.bits,
    };
  }
  return { name: 'ECDSA', namedCurve: CURVES[choice.bits] ?? 'P-256' };
}

/**
 * Makes a self-signed root for a trust domain: CN `pri-<8>.consul.ca.<first 8 of the cluster id>.consul`, URI SAN
 * `spiffe://<cluster id>.consul`, valid from `nowMs` for `ttlMs`.
 */
export async function makeRoot(clusterId: string, nowMs: number, ttlMs: number, choice: KeyChoice): Promise<NewRoot> {
  const x509 = await import('../core/x509.js');
  const algorithm = keyAlgorithm(choice);
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const spki = Buffer.from(await webcrypto.subtle.exportKey('spki', keys.publicKey));
  const keyIdentifier = createHash('sha256').update(spki).digest();
  const suffix = randomBytes(5).toString('hex').slice(0, 8);
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber: `00${randomBytes(8).toString('hex')}`,
    name: `CN=pri-${suffix}.consul.ca.${clusterId.slice(0, 8)}.consul`,
    notBefore: new Date(nowMs),
    notAfter: new Date(nowMs + ttlMs),
    signingAlgorithm: { ...algorithm, hash: 'SHA-256' },
    keys,
    extensions: [
      new x509.KeyUsagesExtension(
        x509.KeyUsageFlags.digitalSignature | x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign,
        true,
      ),
      new x509.BasicConstraintsExtension(true, undefined, true),
      new x509.SubjectKeyIdentifierExtension(keyIdentifier.toString('hex')),
      new x509.AuthorityKeyIdentifierExtension(keyIdentifier.toString('hex')),
      new x509.SubjectAlternativeNameExtension([{ type: 'url', value: `spiffe://${clusterId}.consul` }]),
    ],
  });
  const privateKey = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey));
  return newRoot(certificate, { keyIdentifier, choice, privateKeyPem: pem('PRIVATE KEY', privateKey) });
}

/** The records of a root and its key (PKCS#8 PEM), not signed by another one. */
export function newRoot(
  certificate: X509Certificate,
  {
    keyIdentifier,
    choice,
    privateKeyPem,
  }: { readonly keyIdentifier: Uint8Array; readonly choice: KeyChoice; readonly privateKeyPem: string },
): NewRoot {
  const der = new Uint8Array(certificate.rawData);
  const id = rootIdOf(der);
  return {
    root: {
      id,
      name: 'Consul CA Primary Cert',
      serialNumber: certificate.serialNumber.replace(/^(00)+(?=.)/, ''),
      signingKeyId: colonHex(keyIdentifier),
      notBefore: isoSeconds(certificate.notBefore),
      notAfter: isoSeconds(certificate.notAfter),
      rootCertPem: pem('CERTIFICATE', der),
      intermediatePems: [],
      active: true,
      privateKeyType: choice.type,
      privateKeyBits: choice.bits,
    },
    key: { rootId: id, privateKeyPem },
  };
}

/** Names a root by its certificate (DER), as Consul does. */
export const rootIdOf = (der: Uint8Array): string => colonHex(createHash('sha1').update(der).digest());

/** A date as Consul writes it, without fractions. */
export function isoSeconds(at: Date): string {
  return at.toISOString().replace(/\.\d+Z$/, 'Z');
}
