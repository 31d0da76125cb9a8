import type { X509Certificate } from 'node:crypto';
import type { SecureContextOptions } from 'node:tls';
import type { Clock } from '../core/index.js';
import {
  type AgentCredentials,
  type AgentIdentity,
  CERTIFICATE_TTL_MS,
  type ClusterKeys,
  identityOf,
  identityOfFile,
} from './credentials/index.js';
import {
  createServerCredentials,
  issueForServer,
  type RenewedCredentials,
  type ServerSubject,
} from './renewed-credentials.js';
import type { ChannelTls } from './wire/channel.js';

/** Whom this server trusts, and what it shows. */
export interface ClusterTrust {
  readonly credentials: RenewedCredentials;
  /** The name that every server's certificate carries, and no client agent's: `server.<datacenter>.<domain>`. */
  readonly serverName: string;
  /** Who the holder of a verified certificate is; undefined = nobody of this cluster. */
  identityOf(certificate: X509Certificate): AgentIdentity | undefined;
  /** The keys with which client agents are let in; absent where certificates come from files. */
  readonly keys?: ClusterKeys;
  /** What is shown to whoever asks for this name at the handshake (see `keyName`); undefined = what everybody is shown. */
  readonly contextFor?: (name: string) => SecureContextOptions | undefined;
  /** Further wishes of the configuration for TLS. */
  readonly tls: Pick<SecureContextOptions, 'minVersion' | 'ciphers'>;
}

/** Trust that comes from cluster keys. */
export function trustOfKeys(keys: ClusterKeys, subject: ServerSubject, clock: Clock): ClusterTrust {
  const serverName = serverNameOf(subject.datacenter, 'consul');
  const shown = new Map<string, AgentCredentials>();
  const tls = { minVersion: 'TLSv1.2' } as const;
  return {
    credentials: createServerCredentials(keys, subject, clock),
    serverName,
    identityOf(certificate) {
      for (const { clusterId } of keys.all()) {
        const identity = identityOf(certificate, clusterId);
        if (identity !== undefined) return identity;
      }
      return undefined;
    },
    keys,
    contextFor(name) {
      const all = keys.all();
      const key = all.find(({ authority }) => keyName(authority.publicKeyHash, serverName) === name.toLowerCase());
      if (key === undefined || key === all[0]) return undefined;
      const nowMs = clock.now();
      let held = shown.get(name);
      if (held === undefined || held.notAfterMs < nowMs + CERTIFICATE_TTL_MS / 2)
        held = issueForServer(all, key, ({ authority }) => authority, subject, nowMs);
      shown.set(name, held);
      const ca = all.map(({ authority }) => authority.certificatePem).join('');
      return { ...tls, ca, cert: held.certPem + key.authority.certificatePem, key: held.keyPem };
    },
    tls,
  };
}

/**
 * The name by which an agent asks, at the handshake, for a certificate of the authority that it trusts: servers may use a newer key.
 * What it then verifies is `serverName`.
 */
export function keyName(authorityHash: Uint8Array, serverName: string): string {
  return `k${Buffer.from(authorityHash).toString('hex', 0, 8)}.${serverName.toLowerCase()}`;
}

/** Trust that comes from the files of `tls.internal_rpc`. With the cluster key besides, client agents can join by token all the same. */
export function trustOfFiles(
  credentials: RenewedCredentials,
  {
    datacenter,
    domain,
    tls,
  }: { readonly datacenter: string; readonly domain: string; readonly tls: ClusterTrust['tls'] },
): ClusterTrust {
  return {
    credentials,
    serverName: serverNameOf(datacenter, domain),
    identityOf: (certificate) => identityOfFile(certificate, datacenter, domain),
    tls,
  };
}

/** See `ClusterTrust.serverName`. */
export const serverNameOf = (datacenter: string, domain: string): string => `server.${datacenter}.${domain}`;

/** The TLS context of both ends. */
export function contextOf({ credentials, tls }: Pick<ClusterTrust, 'credentials' | 'tls'>): SecureContextOptions {
  const { caPem, certPem, keyPem } = credentials.current();
  // The authority goes along: an agent that has only its hash must see it.
  return { ...tls, ca: caPem, cert: certPem.includes(caPem) ? certPem : certPem + caPem, key: keyPem };
}

/** How a server calls others: with what it shows, under the name of its key. */
export function callingOf(trust: ClusterTrust): ChannelTls {
  const { serverName, keys } = trust;
  const asks = keys === undefined ? serverName : keyName(keys.all()[0].authority.publicKeyHash, serverName);
  return { context: contextOf(trust), serverName, asks };
}
