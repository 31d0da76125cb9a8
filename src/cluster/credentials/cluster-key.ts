import { createHash, createPrivateKey, createPublicKey, hkdfSync, type KeyObject, sign } from 'node:crypto';
import { AppError } from '../../core/index.js';
import * as der from '../../core/der.js';
import { extension, type IssuerTemplate } from '../../core/leaf-template.js';
import { pem } from '../../core/pem.js';

const KEY_BYTES = 32;
/** Consul takes the three sizes of AES keys; "keygen" makes the longest. */
const ACCEPTED_BYTES: readonly number[] = [16, 24, KEY_BYTES];
/** PKCS #8 of an Ed25519 key up to its 32 bytes (RFC 8410 7). */
const ED25519_PREFIX = Buffer.from('302e020100300506032b657004220420', 'hex');
const ED25519 = der.sequence(der.objectIdentifier('1.3.101.112'));
/** Fixed, so that every server makes the same certificate. */
const VALID_FROM_MS = Date.UTC(2020, 0, 1);
const VALID_UNTIL_MS = Date.UTC(2120, 0, 1);

/**
 * An authority that whoever holds the cluster key makes alone, byte for byte the same: its key is Ed25519, whose signatures leave
 * no room for chance.
 */
export interface ClusterAuthority {
  readonly certificatePem: string;
  /** SHA-256 of the public key (SubjectPublicKeyInfo): what a join token pins. */
  readonly publicKeyHash: Buffer;
  readonly template: IssuerTemplate;
  readonly privateKey: KeyObject;
}

/** Everything that comes from the cluster key. */
export interface ClusterSecrets {
  /** A UUID: the trust domain of agents is `<clusterId>.consul`. */
  readonly clusterId: string;
  /** Signs the certificates of agents. */
  readonly authority: ClusterAuthority;
  /** Signs for managed etcd members and for the servers that use them; no client agent ever has a certificate of it. */
  readonly etcdAuthority: ClusterAuthority;
  /** What a client agent shows to be let in. */
  readonly joinSecret: Buffer;
}

/** Whether a text is a cluster key; the problem says what to do. It never holds the text. */
export function clusterKeyProblem(encrypt: string): string | undefined {
  const bytes = Buffer.from(encrypt, 'base64');
  if (ACCEPTED_BYTES.includes(bytes.length) && bytes.toString('base64') === encrypt.trim()) return undefined;
  return `the encryption key must be 16, 24 or 32 bytes in base64; make one with "meshwright keygen"`;
}

/** Derives authorities and secrets from the `encrypt` option (HKDF-SHA256, RFC 5869). Throws AppError('invalidArgument'). */
export function deriveClusterSecrets(encrypt: string): ClusterSecrets {
  const problem = clusterKeyProblem(encrypt);
  if (problem !== undefined) throw new AppError('invalidArgument', `encrypt: ${problem}`);
  const key = Buffer.from(encrypt, 'base64');
  const derive = (purpose: string, bytes: number): Buffer =>
    Buffer.from(hkdfSync('sha256', key, 'meshwright cluster v1', purpose, bytes));
  return {
    clusterId: uuidOf(derive('cluster id', 16)),
    authority: createAuthority('Meshwright Cluster CA', derive('cluster ca', KEY_BYTES)),
    etcdAuthority: createAuthority('Meshwright etcd CA', derive('etcd ca', KEY_BYTES)),
    joinSecret: derive('join secret', KEY_BYTES),
  };
}

function createAuthority(name: string, seed: Buffer): ClusterAuthority {
  const privateKey = createPrivateKey({ key: Buffer.concat([ED25519_PREFIX, seed]), format: 'der', type: 'pkcs8' });
  const publicKeyInfo = createPublicKey(privateKey).export({ type: 'spki', format: 'der' });
  const publicKeyHash = createHash('sha256').update(publicKeyInfo).digest();
  const template: IssuerTemplate = {
    subjectName: commonName(`${name} ${publicKeyHash.toString('hex', 0, 4)}`),
    keyIdentifier: publicKeyHash.subarray(0, 20),
    signatureAlgorithm: ED25519,
  };
  const tbs = authorityToBeSigned(template, publicKeyInfo);
  const certificate = der.sequence(tbs, ED25519, der.bitString(sign(null, tbs, privateKey)));
  return { certificatePem: pem('CERTIFICATE', certificate), publicKeyHash, template, privateKey };
}

const commonName = (name: string): Buffer =>
  der.sequence(
    der.element(0x31, der.sequence(der.objectIdentifier('2.5.4.3'), der.element(0x0c, Buffer.from(name, 'utf8')))),
  );

/** A certificate that signs certificates of agents and nothing below them (RFC 5280 4.1.2, 4.2.1). */
function authorityToBeSigned({ subjectName, keyIdentifier }: IssuerTemplate, publicKeyInfo: Uint8Array): Buffer {
  const critical = [der.booleanTrue];
  const noneBelow = der.sequence(der.booleanTrue, der.positiveInteger(Buffer.from([0])));
  return der.sequence(
    der.element(0xa0, der.positiveInteger(Buffer.from([2]))),
    der.positiveInteger(keyIdentifier.subarray(0, 16)),
    ED25519,
    subjectName,
    der.sequence(der.time(VALID_FROM_MS), der.time(VALID_UNTIL_MS)),
    subjectName,
    publicKeyInfo,
    der.element(
      0xa3,
      der.sequence(
        extension('2.5.29.15', critical, der.bitString(Buffer.from([0x06]), 1)),
        extension('2.5.29.19', critical, noneBelow),
        extension('2.5.29.14', [], der.octetString(keyIdentifier)),
      ),
    ),
  );
}

function uuidOf(bytes: Buffer): string {
  const hex = bytes.toString('hex');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}
