import { describe, expect, it } from 'vitest';
import type { CertificateAuthority, IssuedLeaf, LeafRequest } from '../../../src/ca/index.js';
import { type CertificateDeskParts, certify } from '../../../src/cluster/door/certificate-desk.js';
import type { AgentIdentity } from '../../../src/cluster/credentials/index.js';
import { AppError } from '../../../src/core/index.js';
import { ManualClock } from '../../state/support/manual-clock.js';

const TRUST = '11111111-2222-3333-4444-555555555555.consul';
const web: AgentIdentity = { role: 'client', datacenter: 'dc1', node: 'web' };
const clock = new ManualClock();

/** A desk whose authority notes what it was asked for; the certificate of version `good` is still good. */
function desk(given: Partial<CertificateDeskParts> = {}): { parts: CertificateDeskParts; asked: LeafRequest[] } {
  const asked: LeafRequest[] = [];
  const leaf = { certPem: 'CERT', privateKeyPem: 'KEY', version: 'v2' } as IssuedLeaf;
  const ca: CertificateDeskParts['ca'] = {
    trustDomain: TRUST,
    issueLeaf: (request) => {
      asked.push(request);
      return leaf;
    },
    renewalOf: () => clock.now() + 5000,
    renewalOfClaim: (version) => (version === 'good' ? clock.now() + 3000 : undefined),
  } satisfies Partial<CertificateAuthority>;
  return { parts: { ca, datacenter: 'dc1', domain: 'mesh.example', isOpen: true, clock, ...given }, asked };
}

describe('a certificate for the TLS ports of a client agent', () => {
  it('says which agent it is, under its names', () => {
    const { parts, asked } = desk();
    const names = ['localhost', '127.0.0.1', '::1', 'web.example', '*.web.example'];
    const answer = certify({ nodeName: 'other', names, have: '' }, web, parts);
    expect(answer).toEqual({ certificatePem: 'CERT', privateKeyPem: 'KEY', version: 'v2', renewInMs: 5000 });
    expect(asked).toEqual([{ spiffeId: `spiffe://${TRUST}/agent/client/dc/dc1/id/web`, dnsNames: names }]);
  });

  it('is for the node that the agent names where its own certificate names none', () => {
    const { parts, asked } = desk();
    certify({ nodeName: 'a b/c', names: [], have: '' }, { ...web, node: '' }, parts);
    expect(asked[0]?.spiffeId).toMatch(/\/id\/a%20b%2Fc$/);
    expect(() => certify({ nodeName: '', names: [], have: '' }, { ...web, node: '' }, parts)).toThrow('for a node');
  });

  it('is not made anew while the one that the agent has is good', () => {
    const { parts, asked } = desk();
    const answer = certify({ nodeName: 'web', names: [], have: 'good' }, web, parts);
    expect(answer).toEqual({ certificatePem: '', privateKeyPem: '', version: 'good', renewInMs: 3000 });
    expect(certify({ nodeName: 'web', names: [], have: 'of an older root' }, web, parts).version).toBe('v2');
    expect(asked).toHaveLength(1);
  });

  it.each(['server.dc1.consul', 'consul', 'Web.Service.Consul', 'server.dc1.mesh.example', 'mesh.example'])(
    'is never for a name of servers and services: %s',
    (name) => {
      const { parts } = desk();
      expect(() => certify({ nodeName: 'web', names: [name], have: '' }, web, parts)).toThrow(
        /an agent has no certificate for ".*": names in .* are those of servers and services/,
      );
    },
  );

  it.each(['', 'a b', 'x\n', '-x', 'spiffe://x/y', 'a..b', '1.2.3.4/8', 'x'.repeat(260)])(
    'is not for %j, which is no name',
    (name) => {
      const { parts } = desk();
      expect(() => certify({ nodeName: 'web', names: [name], have: '' }, web, parts)).toThrow('neither a DNS name nor');
    },
  );

  it('is not given where the configuration says so, nor for hundreds of names', () => {
    const closed = desk({ isOpen: false });
    const code = (parts: CertificateDeskParts, names: readonly string[]): string => {
      try {
        certify({ nodeName: 'web', names, have: '' }, web, parts);
        return 'given';
      } catch (thrown) {
        return AppError.from(thrown).code;
      }
    };
    expect(code(closed.parts, [])).toBe('permissionDenied');
    expect(
      code(
        desk().parts,
        Array.from({ length: 33 }, (_, at) => `n${at}`),
      ),
    ).toBe('invalidArgument');
  });
});
