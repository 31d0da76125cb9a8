import {
  createHash,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  sign,
  verify,
} from 'node:crypto';
import { AppError } from '../../core/index.js';
import { assemble, toBeSigned } from '../../core/leaf-template.js';
import { pem } from '../../core/pem.js';
import type { ClusterAuthority } from './cluster-key.js';

/** For hosts whose clock is behind. */
const BACKDATE_MS = 5 * 60_000;
export const CERTIFICATE_TTL_MS = 72 * 60 * 60_000;

/** A certificate with its key and the authority to trust, PEM. */
export interface AgentCredentials {
  readonly caPem: string;
  readonly certPem: string;
  readonly keyPem: string;
  /** ms since the epoch. */
  readonly notAfterMs: number;
}

/** What a certificate says; `names` are DNS names and IP addresses. */
export interface CertificateSubject {
  readonly uri: string;
  readonly names: readonly string[];
}

/** Signs a certificate for a public key (SubjectPublicKeyInfo, DER); what it says comes from us alone, never from who asks. */
export function issueCertificate(
  { template, privateKey }: ClusterAuthority,
  publicKeyInfo: Uint8Array,
  subject: CertificateSubject,
  nowMs: number,
  ttlMs = CERTIFICATE_TTL_MS,
): { readonly certPem: string; readonly notAfterMs: number } {
  const serialNumber = randomBytes(16);
  serialNumber[0] = ((serialNumber[0] ?? 0) & 0x7f) | 0x40;
  const notAfterMs = Math.floor((nowMs + ttlMs) / 1000) * 1000;
  const tbs = toBeSigned(template, {
    serialNumber,
    notBeforeMs: nowMs - BACKDATE_MS,
    notAfterMs,
    publicKeyInfo,
    subjectKeyIdentifier: createHash('sha256').update(publicKeyInfo).digest().subarray(0, 20),
    ...subject,
  });
  return { certPem: pem('CERTIFICATE', assemble(template, tbs, sign(null, tbs, privateKey))), notAfterMs };
}

/** A certificate with a key made for it: how a server provides for itself. */
export function issueCredentials(
  authority: ClusterAuthority,
  subject: CertificateSubject,
  nowMs: number,
  ttlMs?: number,
): AgentCredentials {
  const { privateKey, publicKeyInfo } = createAgentKey();
  return {
    caPem: authority.certificatePem,
    ...issueCertificate(authority, publicKeyInfo, subject, nowMs, ttlMs),
    keyPem: privateKey.export({ type: 'pkcs8', format: 'pem' }) as string,
  };
}

/** A new key of an agent (P-256) with its public half as DER. */
export function createAgentKey(): { readonly privateKey: KeyObject; readonly publicKeyInfo: Buffer } {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return { privateKey, publicKeyInfo: publicKey.export({ type: 'spki', format: 'der' }) };
}

const proofText = (node: string): Buffer => Buffer.from(`meshwright join ${node}`, 'utf8');

/** Shows that whoever asks for a certificate has the private key. */
export function proofOfKey(privateKey: KeyObject, node: string): Buffer {
  return sign('sha256', proofText(node), privateKey);
}

/** Throws AppError('invalidArgument') unless it is a P-256 key and the proof was made with its private half. */
export function checkProofOfKey(publicKeyInfo: Uint8Array, proof: Uint8Array, node: string): void {
  let isProven = false;
  try {
    const key = createPublicKey({ key: Buffer.from(publicKeyInfo), format: 'der', type: 'spki' });
    isProven = key.asymmetricKeyDetails?.namedCurve === 'prime256v1' && verify('sha256', proofText(node), key, proof);
  } catch {
    // Not a key at all.
  }
  if (!isProven)
    throw new AppError('invalidArgument', 'the public key is not a P-256 key that the agent has proven to hold');
}
