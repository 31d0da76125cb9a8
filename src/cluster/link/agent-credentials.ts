import { createHash, X509Certificate } from 'node:crypto';
import { AppError, type Clock } from '../../core/index.js';
import { type AgentCredentials, createAgentKey, type JoinToken, proofOfKey } from '../credentials/index.js';
import type { ServerPeer } from '../contract.js';
import { keyName } from '../trust.js';
import { callUnary, openChannel } from '../wire/channel.js';
import { clusterService } from '../wire/cluster-api.js';
import type { TrustedKey } from '../wire/messages.js';
import { OWN_WIRE } from '../wire/wire-version.js';
import { findAuthority } from './find-authority.js';

const JOIN_MS = 10_000;

/** What a client agent is to its servers; `caPem` holds the authorities of all keys that are trusted. */
export interface HeldCredentials extends AgentCredentials {
  readonly clusterId: string;
  /** The key that issued the certificate. */
  readonly key: TrustedKey;
  /** All that the cluster trusts, the one in use first. */
  readonly keys: readonly TrustedKey[];
}

/** Where credentials outlive the process; texts of ours. */
export interface CredentialsKeeper {
  read(): string | undefined;
  write(text: string): void;
}

export interface JoiningAgent {
  readonly nodeName: string;
  readonly nodeId: string;
  readonly datacenter: string;
  readonly version: string;
}

/** Joins through the server at an address: finds the authority, proves the secret, gets a certificate. Throws AppError. */
export async function joinThrough(
  address: string,
  token: JoinToken,
  agent: JoiningAgent,
  serverName: string,
): Promise<{ readonly credentials: HeldCredentials; readonly servers: readonly ServerPeer[] }> {
  const asks = keyName(token.authorityHash, serverName);
  const ca = await findAuthority(address, token.authorityHash, asks);
  const client = openChannel(address, { context: { ca, minVersion: 'TLSv1.2' }, serverName, asks });
  const { privateKey, publicKeyInfo: publicKey } = createAgentKey();
  const proof = proofOfKey(privateKey, agent.nodeName);
  try {
    const request = { ...agent, ...OWN_WIRE, joinSecret: token.secret, publicKey, proof };
    const answer = await callUnary(client, clusterService().Join, request, { address, timeoutMs: JOIN_MS });
    const keyPem = privateKey.export({ type: 'pkcs8', format: 'pem' }) as string;
    const keys = answer.keys.length > 0 ? answer.keys : [{ authorityPem: ca, joinSecret: token.secret }];
    return { credentials: heldCredentials(keys, answer.certificatePem, keyPem), servers: answer.servers };
  } finally {
    client.close();
  }
}

/** Credentials with what the cluster trusts. Throws AppError('unauthenticated') for a certificate that none of the keys has issued. */
export function heldCredentials(keys: readonly TrustedKey[], certPem: string, keyPem: string): HeldCredentials {
  const certificate = new X509Certificate(certPem);
  const key = keys.find(({ authorityPem }) => certificate.checkIssued(new X509Certificate(authorityPem)));
  if (key === undefined)
    throw new AppError(
      'unauthenticated',
      'the certificate that the server gave is of an authority that it does not name',
    );
  const [, clusterId = ''] = /URI:spiffe:\/\/([0-9a-f-]+)\.consul\//.exec(certificate.subjectAltName ?? '') ?? [];
  const caPem = keys.map(({ authorityPem }) => authorityPem).join('');
  return { caPem, certPem, keyPem, key, keys, clusterId, notAfterMs: Date.parse(certificate.validTo) };
}

/** SHA-256 of the public key of a key's authority. */
export function authorityHash({ authorityPem }: Pick<TrustedKey, 'authorityPem'>): Buffer {
  const { publicKey } = new X509Certificate(authorityPem);
  return createHash('sha256')
    .update(publicKey.export({ type: 'spki', format: 'der' }))
    .digest();
}

/** The join token of a key that the servers have told of. */
export function tokenOf(key: TrustedKey): JoinToken {
  return { authorityHash: authorityHash(key), secret: Buffer.from(key.joinSecret) };
}

/** What is kept from an earlier run. */
export interface Kept {
  /** Absent where the certificate has ended. */
  readonly credentials?: HeldCredentials;
  readonly keys: readonly TrustedKey[];
}

/**
 * What was kept from an earlier run of this agent, where the token is the one that it was kept with, or of a key that the servers told
 * of since. Without keys otherwise.
 */
export function readKept(keeper: CredentialsKeeper | undefined, node: string, token: JoinToken, clock: Clock): Kept {
  try {
    const kept = JSON.parse(keeper?.read() ?? 'null') as Readonly<Record<string, unknown>> | null;
    if (kept === null || kept['node'] !== node) return { keys: [] };
    const hash = token.authorityHash.toString('base64url');
    const keys = keptKeys(kept, token);
    const isOurs = kept['authority'] === hash || keys.some((key) => authorityHash(key).equals(token.authorityHash));
    if (!isOurs) return { keys: [] };
    const credentials = heldCredentials(keys, String(kept['certificate']), String(kept['key']));
    return { keys, ...(credentials.notAfterMs > clock.now() && { credentials }) };
  } catch {
    // Whatever is wrong with what was kept: the agent joins anew.
    return { keys: [] };
  }
}

/** A file of a version that knew one key only has its authority as `ca`. */
function keptKeys(kept: Readonly<Record<string, unknown>>, { secret }: JoinToken): TrustedKey[] {
  const { keys } = kept;
  if (!Array.isArray(keys)) return [{ authorityPem: String(kept['ca']), joinSecret: secret }];
  return keys.map((each: unknown) => {
    const { authority, secret: kept } = each as Readonly<Record<string, unknown>>;
    return { authorityPem: String(authority), joinSecret: Buffer.from(String(kept), 'base64url') };
  });
}

/** Keeps credentials for the next run. Throws AppError('unavailable') when they cannot be written. */
export function keepCredentials(
  keeper: CredentialsKeeper | undefined,
  { key, keys, certPem, keyPem, clusterId }: HeldCredentials,
  node: string,
  token: JoinToken,
): void {
  const kept = {
    ...{ node, cluster: clusterId, authority: token.authorityHash.toString('base64url') },
    ...{ ca: key.authorityPem, certificate: certPem, key: keyPem },
    keys: keys.map(({ authorityPem, joinSecret }) => ({
      authority: authorityPem,
      secret: Buffer.from(joinSecret).toString('base64url'),
    })),
  };
  try {
    keeper?.write(JSON.stringify(kept));
  } catch (thrown) {
    throw new AppError('unavailable', `the agent's certificate cannot be kept: ${(thrown as Error).message}`);
  }
}
