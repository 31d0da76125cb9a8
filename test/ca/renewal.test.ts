import { describe, expect, it } from 'vitest';
import { createCertificateAuthority } from '../../src/ca/index.js';
import { systemClock } from '../../src/core/index.js';
import { createMemoryBackend, createStateStore } from '../../src/state/index.js';

const TTL_MS = 60_000;
const request = { spiffeId: 'spiffe://x/ns/default/dc/dc1/svc/web', dnsNames: [] };

describe('when a leaf is renewed', () => {
  it('is the same for the server that issued it and for one that knows its version only, within its last two fifths', async () => {
    const store = createStateStore({ backend: createMemoryBackend(), clock: systemClock, random: Math.random });
    await store.ready;
    const ca = createCertificateAuthority(store, systemClock, {
      leafTtlMs: TTL_MS,
      rootTtlMs: 3_600_000,
      key: { type: 'ec', bits: 256 },
      datacenter: 'dc1',
    });
    await ca.ready;
    try {
      for (let count = 0; count < 50; count++) {
        const leaf = ca.issueLeaf(request);
        const renewal = ca.renewalOf(leaf);
        expect(renewal).toBe(ca.renewalOfClaim(leaf.version, request));
        expect(leaf.notAfterMs - renewal).toBeLessThanOrEqual(0.4 * TTL_MS);
        expect(leaf.notAfterMs - renewal).toBeGreaterThanOrEqual(0.1 * TTL_MS);
      }
    } finally {
      ca.close();
      await store.close();
    }
  });
});
