import { isIP } from 'node:net';
import type { CertificateAuthority } from '../../ca/index.js';
import { AppError, type Clock } from '../../core/index.js';
import type { AgentIdentity } from '../credentials/index.js';
import type { CertifyRequest, CertifyResponse } from '../wire/messages.js';

const MOST_NAMES = 32;
const DNS_NAME = /^(\*\.)?([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)*$/i;

export interface CertificateDeskParts {
  readonly ca: Pick<CertificateAuthority, 'issueLeaf' | 'renewalOf' | 'renewalOfClaim' | 'trustDomain'>;
  readonly datacenter: string;
  /** Of this server's DNS: names in it are not for agents to choose. */
  readonly domain: string;
  /** Whether agents are given certificates (`auto_encrypt.allow_tls`). */
  readonly isOpen: boolean;
  readonly clock: Clock;
}

/**
 * Gives a client agent the certificate of its TLS ports. It says which agent it is, under names by which no server and no service is
 * known. Throws AppError('permissionDenied') where that is switched off or the names are not an agent's, ('invalidArgument') for
 * names that are none, ('unavailable') as long as there is no authority.
 */
export function certify(
  { nodeName, names, have }: CertifyRequest,
  caller: AgentIdentity,
  { ca, datacenter, domain, isOpen, clock }: CertificateDeskParts,
): CertifyResponse {
  if (!isOpen)
    throw new AppError(
      'permissionDenied',
      'this server gives agents no certificates (auto_encrypt.allow_tls is false): give the agent its own with tls.defaults.cert_file and key_file',
    );
  // Certificates from files name no node: then the agent's own word counts.
  const node = caller.node === '' ? nodeName : caller.node;
  if (node === '' || names.length > MOST_NAMES)
    throw new AppError('invalidArgument', `a certificate is for a node and at most ${MOST_NAMES} names`);
  for (const name of names) checkName(name, domain);
  const place = `agent/client/dc/${encodeURIComponent(datacenter)}/id/${encodeURIComponent(node)}`;
  const request = { spiffeId: `spiffe://${ca.trustDomain}/${place}`, dnsNames: names };
  const renewalMs = have === '' ? undefined : ca.renewalOfClaim(have, request);
  if (renewalMs !== undefined)
    return { certificatePem: '', privateKeyPem: '', version: have, renewInMs: Math.max(0, renewalMs - clock.now()) };
  const leaf = ca.issueLeaf(request);
  const renewInMs = Math.max(0, ca.renewalOf(leaf) - clock.now());
  return { certificatePem: leaf.certPem, privateKeyPem: leaf.privateKeyPem, version: leaf.version, renewInMs };
}

function checkName(name: string, domain: string): void {
  if (isIP(name) !== 0) return;
  if (name.length > 253 || !DNS_NAME.test(name))
    throw new AppError(
      'invalidArgument',
      `"${name}" is neither a DNS name nor an IP address: correct auto_encrypt.dns_san or ip_san`,
    );
  const lower = name.toLowerCase();
  for (const owned of new Set(['consul', domain.toLowerCase()]))
    if (lower === owned || lower.endsWith(`.${owned}`))
      throw new AppError(
        'permissionDenied',
        `an agent has no certificate for "${name}": names in ${owned} are those of servers and services; leave it out of auto_encrypt.dns_san`,
      );
}
