import { X509Certificate, createPrivateKey } from 'node:crypto';
import { SIGNING_ALGORITHM, importSigner, keyIdentifier, newKeys, newSerialNumber, validFor } from './keys.js';

export interface AgentCertificateRequest {
  readonly caPem: string;
  readonly caKeyPem: string;
  readonly days: number;
  /** The first is the subject's common name. */
  readonly dnsNames: readonly string[];
  readonly ipAddresses: readonly string[];
  /** A server's or client's, which speak to each other in both roles; the command line's has no such use. */
  readonly isAgent: boolean;
}

/** Makes a key and a certificate for the door of an agent, as PEM. Throws when certificate and key of the CA do not fit. */
export async function makeAgentCertificate(
  request: AgentCertificateRequest,
): Promise<{ readonly certificatePem: string; readonly privateKeyPem: string }> {
  const x509 = await import('../../core/x509.js');
  const ca = parsed('certificate', () => new X509Certificate(request.caPem));
  const caKey = parsed('private key', () => createPrivateKey(request.caKeyPem));
  if (!ca.checkPrivateKey(caKey)) throw new Error('the private key does not belong to the certificate of the CA');
  if (caKey.asymmetricKeyDetails?.namedCurve !== 'prime256v1')
    throw new Error('the key of the CA must be a P-256 key, as `tls ca create` makes it');
  const { pair, privateKeyPem, identifier } = await newKeys();
  const usages = x509.KeyUsageFlags;
  const certificate = await x509.X509CertificateGenerator.create({
    serialNumber: newSerialNumber(),
    subject: [{ CN: [request.dnsNames[0] ?? ''] }],
    issuer: new x509.X509Certificate(ca.raw).subjectName,
    ...validFor(request.days),
    signingAlgorithm: SIGNING_ALGORITHM,
    publicKey: pair.publicKey,
    signingKey: await importSigner(caKey),
    extensions: [
      new x509.BasicConstraintsExtension(false, undefined, true),
      new x509.KeyUsagesExtension(usages.digitalSignature | usages.keyEncipherment, true),
      ...(request.isAgent
        ? [new x509.ExtendedKeyUsageExtension([x509.ExtendedKeyUsage.serverAuth, x509.ExtendedKeyUsage.clientAuth])]
        : []),
      new x509.SubjectKeyIdentifierExtension(identifier),
      new x509.AuthorityKeyIdentifierExtension(keyIdentifier(ca.publicKey)),
      new x509.SubjectAlternativeNameExtension([
        ...request.dnsNames.map((value) => ({ type: 'dns' as const, value })),
        ...request.ipAddresses.map((value) => ({ type: 'ip' as const, value })),
      ]),
    ],
  });
  return { certificatePem: `${certificate.toString('pem')}\n`, privateKeyPem };
}

/** What is in a file of the CA. Throws an error that says what should be. */
function parsed<Value>(what: string, parse: () => Value): Value {
  try {
    return parse();
  } catch (thrown) {
    throw new Error(`the file given for the CA holds no ${what} in PEM that can be used`, { cause: thrown });
  }
}
