import { element, sequence } from '../../core/der.js';
import { SIGNING_ALGORITHM, newKeys, newSerialNumber, validFor } from './keys.js';

export interface AgentCaRequest {
  /** Empty = `Consul Agent CA <serial number>`. */
  readonly commonName: string;
  readonly days: number;
  /** UUID for `spiffe://<id>.consul`; empty = none. */
  readonly clusterId: string;
  /** The only domains it may sign for; empty = all. */
  readonly permittedDomains: readonly string[];
}

/** Makes a certificate authority for the doors of agents: a P-256 key and its own certificate, as PEM. */
export async function makeAgentCa(
  request: AgentCaRequest,
): Promise<{ readonly certificatePem: string; readonly privateKeyPem: string }> {
  const x509 = await import('../../core/x509.js');
  const { pair, privateKeyPem, identifier } = await newKeys();
  const serialNumber = newSerialNumber();
  const commonName = request.commonName || `Consul Agent CA ${BigInt(`0x${serialNumber}`)}`;
  const usages = x509.KeyUsageFlags;
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    serialNumber,
    name: [{ CN: [commonName] }],
    ...validFor(request.days),
    signingAlgorithm: SIGNING_ALGORITHM,
    keys: pair,
    extensions: [
      new x509.BasicConstraintsExtension(true, undefined, true),
      new x509.KeyUsagesExtension(usages.keyCertSign | usages.cRLSign | usages.digitalSignature, true),
      new x509.SubjectKeyIdentifierExtension(identifier),
      new x509.AuthorityKeyIdentifierExtension(identifier),
      ...(request.clusterId === ''
        ? []
        : [new x509.SubjectAlternativeNameExtension([{ type: 'url', value: `spiffe://${request.clusterId}.consul` }])]),
      ...(request.permittedDomains.length === 0
        ? []
        : [new x509.Extension(NAME_CONSTRAINTS, true, permittedDomains(request.permittedDomains))]),
    ],
  });
  return { certificatePem: `${certificate.toString('pem')}\n`, privateKeyPem };
}

const NAME_CONSTRAINTS = '2.5.29.30';

/** `NameConstraints { [0] permittedSubtrees }` of DNS names (RFC 5280 4.2.1.10). */
function permittedDomains(domains: readonly string[]): Buffer {
  const subtrees = domains.map((domain) => sequence(element(0x82, Buffer.from(domain, 'ascii'))));
  return sequence(element(0xa0, ...subtrees));
}
