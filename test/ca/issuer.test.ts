import { X509Certificate } from 'node:crypto';
import * as pkijs from 'pkijs';
import { beforeAll, describe, expect, it } from 'vitest';
import { createIssuer, type Issuer } from '../../src/ca/issuer.js';
import { makeRoot, type KeyChoice, type NewRoot } from '../../src/ca/root.js';

const NOW_MS = Date.UTC(2026, 0, 2, 3, 4, 5);
const DAY_MS = 86_400_000;
const CLUSTER_ID = '11111111-2222-3333-4444-555555555555';
const WEB = `spiffe://${CLUSTER_ID}.consul/ns/default/dc/dc1/svc/web`;

const made = async (key: KeyChoice): Promise<{ root: NewRoot; issuer: Issuer }> => {
  const root = await makeRoot(CLUSTER_ID, NOW_MS, 3650 * DAY_MS, key);
  const revisions = { createIndex: 1, modifyIndex: 1 };
  return { root, issuer: createIssuer({ ...root.root, ...revisions }, { ...root.key, ...revisions }) };
};

const parsePkijs = (certPem: string): pkijs.Certificate => pkijs.Certificate.fromBER(new X509Certificate(certPem).raw);

describe.each<KeyChoice>([
  { type: 'ec', bits: 256 },
  { type: 'ec', bits: 384 },
  { type: 'rsa', bits: 2048 },
])('a leaf of a root with a key of $type $bits', (key) => {
  let root: NewRoot;
  let issuer: Issuer;
  beforeAll(async () => {
    ({ root, issuer } = await made(key));
  });

  it('is signed by the root, as OpenSSL and a second library agree', async () => {
    const leaf = issuer.issue({ spiffeId: WEB, dnsNames: [] }, NOW_MS, DAY_MS);
    const rootCertificate = new X509Certificate(root.root.rootCertPem);
    expect(new X509Certificate(leaf.certPem).verify(rootCertificate.publicKey)).toBe(true);
    const engine = new pkijs.CertificateChainValidationEngine({
      trustedCerts: [parsePkijs(root.root.rootCertPem)],
      certs: [parsePkijs(leaf.certPem)],
      checkDate: new Date(NOW_MS + DAY_MS / 2),
    });
    expect(await engine.verify()).toMatchObject({ result: true });
  });

  it('carries exactly one URI, names after it, an empty subject and the key it came with', () => {
    const leaf = issuer.issue(
      { spiffeId: WEB, dnsNames: ['web.example', '10.0.0.1', '::1', '2001:db8::2'] },
      NOW_MS,
      DAY_MS,
    );
    const certificate = new X509Certificate(leaf.certPem);
    expect(certificate.subjectAltName).toBe(
      `URI:${WEB}, DNS:web.example, IP Address:10.0.0.1, IP Address:0:0:0:0:0:0:0:1, IP Address:2001:DB8:0:0:0:0:0:2`,
    );
    expect(certificate.subject).toBeFalsy();
    expect(certificate.ca).toBe(false);
    expect(certificate.keyUsage).toEqual(['1.3.6.1.5.5.7.3.2', '1.3.6.1.5.5.7.3.1']);
    expect(certificate.toString()).toContain('BEGIN CERTIFICATE');
    expect(certificate.serialNumber.toLowerCase()).toBe(leaf.serialNumber);
    expect(leaf.privateKeyPem).toMatch(/^-----BEGIN EC PRIVATE KEY-----\n/);
  });

  it('is valid from a minute ago until its time to live is over', () => {
    const certificate = new X509Certificate(issuer.issue({ spiffeId: WEB, dnsNames: [] }, NOW_MS, DAY_MS).certPem);
    expect(Date.parse(certificate.validFrom)).toBe(NOW_MS - 60_000);
    expect(Date.parse(certificate.validTo)).toBe(NOW_MS + DAY_MS);
  });
});

describe('a root', () => {
  it('names its trust domain and is shown with the ids that clients compare', async () => {
    const { root } = await made({ type: 'ec', bits: 256 });
    const certificate = new X509Certificate(root.root.rootCertPem);
    expect(certificate.ca).toBe(true);
    expect(certificate.subjectAltName).toBe(`URI:spiffe://${CLUSTER_ID}.consul`);
    expect(certificate.subject).toMatch(/^CN=pri-[0-9a-f]{8}\.consul\.ca\.11111111\.consul$/);
    expect(root.root.id).toBe(certificate.fingerprint.toLowerCase());
    expect(root.root.signingKeyId).toMatch(/^([0-9a-f]{2}:){31}[0-9a-f]{2}$/);
    expect(JSON.stringify(root.root)).not.toContain('PRIVATE');
  });

  it('is refused when the stored key is not its own', async () => {
    const first = await made({ type: 'ec', bits: 256 });
    const second = await made({ type: 'ec', bits: 256 });
    const revisions = { createIndex: 1, modifyIndex: 1 };
    expect(() => createIssuer({ ...first.root.root, ...revisions }, { ...second.root.key, ...revisions })).toThrow(
      /does not fit its certificate/,
    );
  });
});
