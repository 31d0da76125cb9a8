import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { formatLeafVersion, identityHash, parseLeafVersion, renewalTimeMs } from '../../src/ca/leaf-version.js';

const hex = (length: number) => fc.stringMatching(new RegExp(`^[0-9a-f]{${length}}$`));
const claims = fc.record({
  issuerKeyId: hex(32),
  identityHash: hex(16),
  notAfterMs: fc.integer({ min: 1, max: 9_999_999_999_999 }),
  serialNumber: hex(32),
});

describe('the version of a leaf', () => {
  it('is read back as it was written', () => {
    fc.assert(
      fc.property(claims, (claim) => {
        expect(parseLeafVersion(formatLeafVersion(claim))).toEqual(claim);
      }),
    );
  });

  it('is not found in any other text', () => {
    for (const text of ['', 'a.b.c', 'zz.00.1.00', '00.00.x.00', '00.00.1.00.00', '0'.repeat(64)]) {
      expect(parseLeafVersion(text)).toBeUndefined();
    }
  });

  it('lets the leaf be renewed between 60 % and 90 % of its life, the same on every server', () => {
    const ttlMs = 1_000_000;
    fc.assert(
      fc.property(claims, (claim) => {
        const at = renewalTimeMs(claim, ttlMs);
        expect(at).toBe(renewalTimeMs({ ...claim }, ttlMs));
        expect(claim.notAfterMs - at).toBeGreaterThanOrEqual(ttlMs * 0.1 - 1);
        expect(claim.notAfterMs - at).toBeLessThanOrEqual(ttlMs * 0.4 + 1);
      }),
    );
  });

  it('changes with the identity and with every further name', () => {
    const hashes = [
      identityHash({ spiffeId: 'spiffe://a', dnsNames: [] }),
      identityHash({ spiffeId: 'spiffe://b', dnsNames: [] }),
      identityHash({ spiffeId: 'spiffe://a', dnsNames: ['x'] }),
    ];
    expect(new Set(hashes).size).toBe(3);
  });
});
