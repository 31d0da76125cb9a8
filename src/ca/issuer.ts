import {
  createHash,
  createPrivateKey,
  generateKeyPairSync,
  randomBytes,
  sign,
  X509Certificate,
  type KeyObject,
} from 'node:crypto';
import { AppError } from '../core/index.js';
import type { CaKeyRecord, CaRootRecord } from '../model/index.js';
import type { IssuedLeaf, LeafRequest } from './certificate-authority.js';
import { pem } from '../core/pem.js';
import {
  assemble,
  ECDSA_WITH_SHA256,
  RSA_WITH_SHA256,
  toBeSigned,
  type IssuerTemplate,
} from '../core/leaf-template.js';
import { formatLeafVersion, identityHash } from './leaf-version.js';

/** Certificates are valid from a minute ago, for hosts whose clock is behind (consul-behaviour 7.1). */
const BACKDATE_MS = 60_000;

/** A root with its key, ready to sign. */
export interface Issuer {
  readonly rootId: string;
  readonly keyId: string;
  readonly notAfterMs: number;
  issue(request: LeafRequest, nowMs: number, ttlMs: number): IssuedLeaf;
}

/** Prepares a stored root for signing. Throws AppError('corruptState') when certificate and key do not belong together. */
export function createIssuer(root: CaRootRecord, key: CaKeyRecord): Issuer {
  const certificate = new X509Certificate(root.rootCertPem);
  const privateKey = createPrivateKey(key.privateKeyPem);
  if (!certificate.checkPrivateKey(privateKey)) {
    throw new AppError(
      'corruptState',
      `the stored private key of CA root ${root.id} does not fit its certificate; restore the state from a backup`,
    );
  }
  const template: IssuerTemplate = {
    subjectName: subjectOf(certificate.raw),
    keyIdentifier: Buffer.from(root.signingKeyId.replaceAll(':', ''), 'hex'),
    signatureAlgorithm: privateKey.asymmetricKeyType === 'rsa' ? RSA_WITH_SHA256 : ECDSA_WITH_SHA256,
  };
  // For peers that do not trust this root yet: the root as the one before it has signed it.
  const chain = root.intermediatePems.join('');
  const keyId = root.signingKeyId.replaceAll(':', '').slice(0, 32);
  return {
    rootId: root.id,
    keyId,
    notAfterMs: Date.parse(root.notAfter),
    issue(request, nowMs, ttlMs) {
      const leaf = issue(template, keyId, privateKey, request, nowMs, ttlMs);
      return chain === '' ? leaf : { ...leaf, certPem: leaf.certPem + chain };
    },
  };
}

function issue(
  template: IssuerTemplate,
  issuerKeyId: string,
  signer: KeyObject,
  request: LeafRequest,
  nowMs: number,
  ttlMs: number,
): IssuedLeaf {
  const keys = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const publicKeyInfo = keys.publicKey.export({ type: 'spki', format: 'der' });
  const serial = randomBytes(16);
  serial[0] = ((serial[0] ?? 0) & 0x7f) | 0x40;
  const notBeforeMs = wholeSeconds(nowMs - BACKDATE_MS);
  const notAfterMs = wholeSeconds(nowMs + ttlMs);
  const tbs = toBeSigned(template, {
    serialNumber: serial,
    notBeforeMs,
    notAfterMs,
    publicKeyInfo,
    subjectKeyIdentifier: createHash('sha256').update(publicKeyInfo).digest(),
    uri: request.spiffeId,
    names: request.dnsNames,
  });
  const serialNumber = serial.toString('hex');
  return {
    certPem: pem('CERTIFICATE', assemble(template, tbs, sign('sha256', tbs, signer))),
    privateKeyPem: keys.privateKey.export({ type: 'sec1', format: 'pem' }) as string,
    serialNumber,
    spiffeId: request.spiffeId,
    issuerKeyId,
    notBeforeMs,
    notAfterMs,
    version: formatLeafVersion({ issuerKeyId, identityHash: identityHash(request), notAfterMs, serialNumber }),
  };
}

const wholeSeconds = (atMs: number): number => Math.floor(atMs / 1000) * 1000;

/** The subject's DER bytes of a certificate: the sixth element of its signed part (after version, serial, algorithm, issuer, validity). */
function subjectOf(certificate: Uint8Array): Buffer {
  const bytes = Buffer.from(certificate);
  let at = contentStart(bytes, contentStart(bytes, 0));
  for (let skipped = 0; skipped < 5; skipped++) at = elementEnd(bytes, at);
  return bytes.subarray(at, elementEnd(bytes, at));
}

function contentStart(bytes: Buffer, at: number): number {
  const first = bytes[at + 1] ?? 0;
  return at + 2 + (first < 0x80 ? 0 : first & 0x7f);
}

function elementEnd(bytes: Buffer, at: number): number {
  const start = contentStart(bytes, at);
  const first = bytes[at + 1] ?? 0;
  return start + (first < 0x80 ? first : bytes.readUIntBE(at + 2, first & 0x7f));
}
