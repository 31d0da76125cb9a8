import { X509Certificate } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import {
  agentUri,
  checkProofOfKey,
  createAgentKey,
  deriveClusterSecrets,
  identityOf,
  identityOfFile,
  issueCertificate,
  issueCredentials,
  proofOfKey,
} from '../../../src/cluster/credentials/index.js';

const KEY = Buffer.alloc(32, 7).toString('base64');
const NOW = Date.UTC(2026, 0, 1);
const secrets = deriveClusterSecrets(KEY);
const uri = agentUri(secrets.clusterId, { role: 'client', datacenter: 'dc1', node: 'web 1' });

describe('the cluster key', () => {
  it('gives every server the same authorities, byte for byte', () => {
    const again = deriveClusterSecrets(KEY);
    expect(again.authority.certificatePem).toBe(secrets.authority.certificatePem);
    expect(again.etcdAuthority.certificatePem).toBe(secrets.etcdAuthority.certificatePem);
    expect(again.joinSecret).toEqual(secrets.joinSecret);
    expect(new X509Certificate(secrets.authority.certificatePem).fingerprint256).toMatchInlineSnapshot(
      `"5F:2E:38:2D:33:FC:F0:85:90:A5:56:48:03:40:1A:06:72:78:2E:AE:04:B8:A0:33:D5:82:57:F3:5E:9A:85:DC"`,
    );
  });

  it('gives etcd an authority of its own, and another key gives others', () => {
    const other = deriveClusterSecrets(Buffer.alloc(32, 8).toString('base64'));
    const all = [secrets, other].flatMap(({ authority, etcdAuthority }) => [authority, etcdAuthority]);
    expect(new Set(all.map(({ publicKeyHash }) => publicKeyHash.toString('hex'))).size).toBe(4);
    expect(other.clusterId).not.toBe(secrets.clusterId);
    expect(other.joinSecret).not.toEqual(secrets.joinSecret);
  });

  it('makes an authority that may sign and has signed itself', () => {
    const certificate = new X509Certificate(secrets.authority.certificatePem);
    expect(certificate.ca).toBe(true);
    expect(certificate.verify(certificate.publicKey)).toBe(true);
    expect(certificate.subject).toMatch(/^CN=Meshwright Cluster CA [0-9a-f]{8}$/);
  });

  it.each(['', 'abc', Buffer.alloc(31).toString('base64'), `${KEY}x`, Buffer.alloc(33).toString('base64')])(
    'is refused when it is not 16, 24 or 32 bytes in base64, without being repeated: %j',
    (text) => {
      expect(() => deriveClusterSecrets(text)).toThrow(
        /^encrypt: the encryption key must be 16, 24 or 32 bytes in base64; make one with "meshwright keygen"$/,
      );
    },
  );
});

describe('a certificate of the cluster', () => {
  it('is signed by the authority and says who the agent is', () => {
    const { certPem, caPem } = issueCredentials(secrets.authority, { uri, names: [] }, NOW);
    const certificate = new X509Certificate(certPem);
    expect(certificate.verify(new X509Certificate(caPem).publicKey)).toBe(true);
    expect(certificate.checkIssued(new X509Certificate(caPem))).toBe(true);
    expect(identityOf(certificate, secrets.clusterId)).toEqual({ role: 'client', datacenter: 'dc1', node: 'web 1' });
  });

  it('means nothing in another cluster', () => {
    const { certPem } = issueCredentials(secrets.authority, { uri, names: [] }, NOW);
    expect(identityOf(new X509Certificate(certPem), '00000000-0000-0000-0000-000000000000')).toBeUndefined();
  });

  it.each([
    `spiffe://${secrets.clusterId}.consul/agent/admin/dc/dc1/id/x`,
    `spiffe://${secrets.clusterId}.consul/agent/server/dc/dc1/id/x/y`,
    `spiffe://${secrets.clusterId}.consul/agent/server/dc/dc1/id/%ff`,
    `https://${secrets.clusterId}.consul/agent/server/dc/dc1/id/x`,
  ])('means nothing when it says %s', (other) => {
    const { certPem } = issueCredentials(secrets.authority, { uri: other, names: [] }, NOW);
    expect(identityOf(new X509Certificate(certPem), secrets.clusterId)).toBeUndefined();
  });

  it('of a file is of a server when it carries the server name of the datacenter', () => {
    const names = ['server.dc1.consul'];
    const { certPem } = issueCredentials(secrets.authority, { uri: 'x:y', names }, NOW);
    expect(identityOfFile(new X509Certificate(certPem), 'dc1', 'consul')).toMatchObject({ role: 'server', node: '' });
    expect(identityOfFile(new X509Certificate(certPem), 'dc2', 'consul')).toMatchObject({ role: 'client' });
  });

  it('lasts 72 hours', () => {
    const { notAfterMs } = issueCertificate(secrets.authority, createAgentKey().publicKeyInfo, { uri, names: [] }, NOW);
    expect(notAfterMs - NOW).toBe(72 * 3_600_000);
  });
});

describe('the proof of a key', () => {
  const { privateKey, publicKeyInfo } = createAgentKey();
  const refused = /not a P-256 key that the agent has proven to hold/;

  it('is taken from who holds it, for the node it was made for', () => {
    const proof = proofOfKey(privateKey, 'web');
    expect(() => checkProofOfKey(publicKeyInfo, proof, 'web')).not.toThrow();
    expect(() => checkProofOfKey(publicKeyInfo, proof, 'db')).toThrow(refused);
    expect(() => checkProofOfKey(createAgentKey().publicKeyInfo, proof, 'web')).toThrow(refused);
  });

  it.each([Buffer.alloc(0), Buffer.from('nonsense'), Buffer.alloc(5000, 0x30)])(
    'is refused for what is no key',
    (key) => {
      expect(() => checkProofOfKey(key, Buffer.alloc(64), 'web')).toThrow(refused);
    },
  );
});
