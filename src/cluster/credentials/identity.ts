import type { X509Certificate } from 'node:crypto';

/** Who an agent is, by its certificate. */
export interface AgentIdentity {
  readonly role: AgentRole;
  readonly datacenter: string;
  /** Empty where the certificate does not say (certificates of `tls.internal_rpc`): then the agent's own word counts. */
  readonly node: string;
}

export type AgentRole = 'server' | 'client';

const AGENT_URI = /^spiffe:\/\/([0-9a-f-]{36})\.consul\/agent\/(server|client)\/dc\/([^/]+)\/id\/([^/]+)$/;

/** `spiffe://<cluster id>.consul/agent/{server,client}/dc/<dc>/id/<node>`. */
export function agentUri(clusterId: string, { role, datacenter, node }: AgentIdentity): string {
  return `spiffe://${clusterId}.consul/agent/${role}/dc/${encodeURIComponent(datacenter)}/id/${encodeURIComponent(node)}`;
}

/** The identity in the certificate of a verified chain; undefined when it is none of an agent of this cluster. */
export function identityOf(certificate: X509Certificate, clusterId: string): AgentIdentity | undefined {
  const uris = alternativeNames(certificate).flatMap(([kind, value]) => (kind === 'URI' ? [value] : []));
  const [uri] = uris;
  const [, cluster, role, datacenter = '', node = ''] = AGENT_URI.exec(uri ?? '') ?? [];
  if (uris.length !== 1 || cluster !== clusterId || (role !== 'server' && role !== 'client')) return undefined;
  try {
    return { role, datacenter: decodeURIComponent(datacenter), node: decodeURIComponent(node) };
  } catch {
    return undefined;
  }
}

/**
 * The identity in a certificate of `tls.internal_rpc`, as Consul's tools make them: servers carry `server.<dc>.<domain>`
 * (consul-behaviour 3.3, tls cert create).
 */
export function identityOfFile(certificate: X509Certificate, datacenter: string, domain: string): AgentIdentity {
  const isServer = alternativeNames(certificate).some(
    ([kind, value]) => kind === 'DNS' && value.toLowerCase() === `server.${datacenter}.${domain}`.toLowerCase(),
  );
  return { role: isServer ? 'server' : 'client', datacenter, node: '' };
}

/** Pairs of kind and value of the subject's alternative names. Values that Node has to quote hold what no name of ours has. */
function alternativeNames({ subjectAltName = '' }: X509Certificate): (readonly [string, string])[] {
  if (subjectAltName.includes('"')) return [];
  return subjectAltName.split(', ').flatMap((entry) => {
    const colon = entry.indexOf(':');
    return colon < 0 ? [] : [[entry.slice(0, colon), entry.slice(colon + 1)] as const];
  });
}
