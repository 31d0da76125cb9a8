import { type KeyObject, X509Certificate, createPrivateKey } from 'node:crypto';
import { isHostname, isWildcardHostname, quoted } from './hostname.js';
import { type Problem, firstProblem } from './problems.js';

const LEAST_RSA_BITS = 2048;
/** Far above any chain of certificates that is in use. */
const LONGEST_PEM = 256 * 1024;

/** What is wrong with a certificate (PEM, with its chain after it) by itself. Never tells anything of its content but names. */
export function certificateProblem(pem: string): Problem {
  const certificate = parseCertificate(pem);
  if (certificate === undefined)
    return 'Certificate: failed to parse certificate PEM: it must begin with a "-----BEGIN CERTIFICATE-----" block';
  return firstProblem(dnsNames(certificate), (name) =>
    isHostname(name) || isWildcardHostname(name)
      ? undefined
      : `Certificate: host ${quoted(name)} of the certificate must be a valid DNS hostname`,
  );
}

/** What is wrong with the key of a certificate that is right by itself. Tells nothing of the key. */
export function privateKeyProblem(certificatePem: string, keyPem: string): Problem {
  const key = parseKey(keyPem);
  if (key === undefined)
    return 'PrivateKey: failed to parse private key PEM: it must be an unencrypted PKCS#8, PKCS#1 or SEC 1 key';
  const bits = key.asymmetricKeyType?.startsWith('rsa') ? key.asymmetricKeyDetails?.modulusLength : undefined;
  if (bits !== undefined && bits < LEAST_RSA_BITS)
    return `PrivateKey: key length must be at least ${LEAST_RSA_BITS} bits for RSA, not ${bits}`;
  return matches(certificatePem, key) ? undefined : 'PrivateKey: private key does not match the certificate';
}

function parseCertificate(pem: string): X509Certificate | undefined {
  if (pem.length > LONGEST_PEM || !/^\s*-----BEGIN CERTIFICATE-----/.test(pem)) return undefined;
  try {
    return new X509Certificate(pem);
  } catch {
    return undefined;
  }
}

function parseKey(pem: string): KeyObject | undefined {
  if (pem.length > LONGEST_PEM) return undefined;
  try {
    return createPrivateKey({ key: pem, format: 'pem' });
  } catch {
    return undefined;
  }
}

function matches(certificatePem: string, key: KeyObject): boolean {
  try {
    return parseCertificate(certificatePem)?.checkPrivateKey(key) ?? false;
  } catch {
    return false;
  }
}

/** The DNS names of a certificate. Node writes them as `DNS:a, DNS:b`, odd ones as JSON text. */
function dnsNames(certificate: X509Certificate): readonly string[] {
  const listed = certificate.subjectAltName ?? '';
  return [...listed.matchAll(/(?:^|, )DNS:("(?:[^"\\]|\\.)*"|[^,]*)/g)].map(([, name = '']) =>
    name.startsWith('"') ? (JSON.parse(name) as string) : name,
  );
}
