import type { Clock } from '../core/index.js';
import {
  type AgentCredentials,
  agentUri,
  CERTIFICATE_TTL_MS,
  type ClusterAuthority,
  type ClusterKeys,
  type ClusterSecrets,
  issueCredentials,
} from './credentials/index.js';

/** Credentials that are replaced long before they end. */
export interface RenewedCredentials {
  current(): AgentCredentials;
  /** Calls back when there are newer ones. Returns the function that ends it. */
  onChange(listener: () => void): () => void;
  close(): void;
}

/** Who a server is, for its certificates. */
export interface ServerSubject {
  readonly datacenter: string;
  readonly node: string;
  /** Names and addresses under which it is reached, besides those that every server has. */
  readonly names: readonly string[];
}

/** What a server shows at its cluster door and to other servers; issued by itself from the cluster key in use. */
export function createServerCredentials(keys: ClusterKeys, subject: ServerSubject, clock: Clock): RenewedCredentials {
  return renew(keys, ({ authority }) => authority, subject, clock);
}

/**
 * What a managed etcd member shows to its peers and clients, and what this server shows to etcd: of an authority of their own, which
 * no client agent has a certificate of. etcd reads its files anew for each connection, so that replacing them is enough.
 */
export function createEtcdCredentials(keys: ClusterKeys, subject: ServerSubject, clock: Clock): RenewedCredentials {
  return renew(keys, ({ etcdAuthority }) => etcdAuthority, subject, clock);
}

/** A server's certificate of the authority of one key; all keys are trusted. */
export function issueForServer(
  keys: readonly ClusterSecrets[],
  key: ClusterSecrets,
  authorityOf: (key: ClusterSecrets) => ClusterAuthority,
  subject: ServerSubject,
  nowMs: number,
): AgentCredentials {
  const issued = issueCredentials(authorityOf(key), certificateSubject(key.clusterId, subject), nowMs);
  const others = keys.filter((other) => other !== key);
  return { ...issued, caPem: [key, ...others].map((one) => authorityOf(one).certificatePem).join('') };
}

function certificateSubject(clusterId: string, { datacenter, node, names }: ServerSubject) {
  const own = ['localhost', `server.${datacenter}.consul`, '127.0.0.1', '::1'];
  return {
    uri: agentUri(clusterId, { role: 'server', datacenter, node }),
    names: [...new Set([...own, ...names])],
  };
}

function renew(
  keys: ClusterKeys,
  authorityOf: (key: ClusterSecrets) => ClusterAuthority,
  subject: ServerSubject,
  clock: Clock,
): RenewedCredentials {
  const listeners = new Set<() => void>();
  const issue = (): AgentCredentials => {
    const all = keys.all();
    return issueForServer(all, all[0], authorityOf, subject, clock.now());
  };
  let current = issue();
  let cancel = clock.after(CERTIFICATE_TTL_MS / 2, turn);
  function turn(): void {
    cancel();
    current = issue();
    cancel = clock.after(CERTIFICATE_TTL_MS / 2, turn);
    for (const listener of listeners) listener();
  }
  const stopFollowing = keys.onChange(turn);
  return {
    current() {
      // A machine that slept wakes with a certificate that has ended before the timer notices.
      if (current.notAfterMs <= clock.now()) turn();
      return current;
    },
    onChange(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    close() {
      stopFollowing();
      cancel();
    },
  };
}
