import { X509Certificate } from 'node:crypto';
import { describe, expect, onTestFinished, test } from 'vitest';
import { configureCa, createCertificateAuthority } from '../../src/ca/index.js';
import { pruneRoots } from '../../src/ca/configure-ca.js';
import { systemClock } from '../../src/core/index.js';
import { type StateStore, createMemoryBackend, createStateStore } from '../../src/state/index.js';
import { isTrusted } from './support/is-trusted.js';

const HOUR_MS = 3_600_000;

async function open() {
  const store = createStateStore({ backend: createMemoryBackend(), clock: systemClock });
  await store.ready;
  return { store, ca: await startCa(store) };
}
async function startCa(store: StateStore, changes: { readonly leafTtlMs?: number } = {}) {
  const ca = createCertificateAuthority(store, systemClock, {
    ...{ leafTtlMs: 72 * HOUR_MS, rootTtlMs: 87_600 * HOUR_MS, key: { type: 'ec', bits: 256 }, datacenter: 'dc1' },
    ...changes,
  });
  await ca.ready;
  onTestFinished(() => ca.close());
  return ca;
}
const configure = (store: StateStore, config: Record<string, unknown>, more = {}) =>
  configureCa(store, systemClock, { provider: 'consul', config, forceWithoutCrossSigning: false, ...more });
const roots = (store: StateStore) => store.view.range('ca-roots', 'all', []);
const activeRoot = (store: StateStore) => roots(store).find(({ active }) => active);
const settled = () => new Promise((resolve) => setImmediate(resolve));
const leafOf = (ca: Awaited<ReturnType<typeof startCa>>) =>
  ca.issueLeaf({ spiffeId: `spiffe://${ca.trustDomain}/ns/default/dc/dc1/svc/web`, dnsNames: [] });

describe('the configuration of the authority', () => {
  test('with the same kind of key changes how long leaves live, and no root', async () => {
    const { store, ca } = await open();
    const [before] = roots(store);
    await configure(store, { LeafCertTTL: '36h' });
    await settled();
    expect(roots(store)).toEqual([before]);
    const leaf = leafOf(ca);
    expect(leaf.notAfterMs - Date.now()).toBeLessThan(36 * HOUR_MS + 1000);
    expect(store.view.get('ca-config', 'config')?.given).toMatchObject({ LeafCertTTL: '36h' });
  });

  test('is not undone by a restart with the same settings, and is by one with others', async () => {
    const { store, ca } = await open();
    await configure(store, { LeafCertTTL: '36h' });
    ca.close();
    await startCa(store);
    expect(store.view.get('ca-config', 'config')?.leafTtlMs).toBe(36 * HOUR_MS);
    await startCa(store, { leafTtlMs: 10 * HOUR_MS });
    expect(store.view.get('ca-config', 'config')?.leafTtlMs).toBe(10 * HOUR_MS);
  });

  test.each([
    [{ LeafCertTTL: '30m' }, {}, /leaf cert TTL must be greater or equal than 1h/],
    [{ LeafCertTTL: '9000h' }, {}, /leaf cert TTL must be less than/],
    [{ IntermediateCertTTL: '100h' }, {}, /3 times the leaf/],
    [{ RootCertTTL: '100h', LeafCertTTL: '1h' }, {}, /root cert TTL must be greater/],
    [{ LeafCertTTL: '10s', SkipValidate: true }, {}, /between 1m/],
    [{ PrivateKeyType: 'dsa' }, {}, /must be either 'ec' or 'rsa'/],
    [{ PrivateKeyType: 'rsa', PrivateKeyBits: 512 }, {}, /rsa private key bits/],
    [{ LeafCertTTL: 'soon' }, {}, /LeafCertTTL/],
    [{ Nonsense: 1 }, {}, /Nonsense/],
    [{ cluster_id: 'aaaaaaaa-1111-4222-8333-444444444444' }, {}, /cluster ID cannot be changed/],
    [{ PrivateKey: '-----BEGIN' }, {}, /give RootCert, too/],
    [{}, { provider: 'vault' }, /provider "vault" is not implemented/],
    [{}, { state: { a: 'b' } }, /State of the provider cannot be changed/],
  ])('%j is refused, and changes nothing', async (config, more, problem) => {
    const { store } = await open();
    const { index } = store;
    await expect(configure(store, config, more)).rejects.toThrow(problem);
    expect(store.index).toBe(index);
  });
});

describe('another kind of key', () => {
  test.each([
    ['ec', 384],
    ['rsa', 2048],
  ])('(%s, %i bits) makes another root, which those who know only the old one can verify', async (type, bits) => {
    const { store, ca } = await open();
    const old = activeRoot(store);
    const oldLeaf = leafOf(ca);
    await configure(store, { PrivateKeyType: type, PrivateKeyBits: bits });
    await settled();
    const next = activeRoot(store);
    expect(roots(store)).toHaveLength(2);
    expect(next?.id).not.toBe(old?.id);
    expect([next?.privateKeyType, next?.privateKeyBits]).toEqual([type, bits]);
    expect(roots(store).find(({ id }) => id === old?.id)).toMatchObject({
      active: false,
      rotatedOutAt: expect.any(String),
    });
    expect(store.view.get('ca-keys', old?.id ?? '')).toBeUndefined();

    const [crossSigned = ''] = next?.intermediatePems ?? [];
    const certificate = new X509Certificate(crossSigned);
    expect(certificate.verify(new X509Certificate(old?.rootCertPem ?? '').publicKey)).toBe(true);
    expect(certificate.subject).toBe(new X509Certificate(next?.rootCertPem ?? '').subject);
    expect(certificate.publicKey.equals(new X509Certificate(next?.rootCertPem ?? '').publicKey)).toBe(true);

    const leaf = leafOf(ca);
    const [oldPem = '', newPem = ''] = [old?.rootCertPem, next?.rootCertPem];
    expect(await isTrusted(leaf, [oldPem])).toBe(true);
    expect(await isTrusted(leaf, [newPem])).toBe(true);
    expect(await isTrusted(leaf, [oldPem, newPem])).toBe(true);
    expect(await isTrusted(oldLeaf, [oldPem, newPem])).toBe(true);
    // A leaf of the old root is to be replaced.
    expect(ca.renewalOfClaim(oldLeaf.version, { spiffeId: oldLeaf.spiffeId, dnsNames: [] })).toBeUndefined();
  });

  test('can be chosen again and again, and old roots go when their last leaf has run out', async () => {
    const { store } = await open();
    await configure(store, { PrivateKeyBits: 384 });
    await configure(store, { PrivateKeyBits: 521 });
    expect(roots(store)).toHaveLength(3);
    expect(await pruneRoots(store, systemClock)).toBe(0);
    const later = { ...systemClock, now: () => Date.now() + 145 * HOUR_MS };
    expect(await pruneRoots(store, later)).toBe(2);
    expect(roots(store)).toHaveLength(1);
    expect(activeRoot(store)).toMatchObject({ privateKeyBits: 521, intermediatePems: [] });
  });

  test('set twice at once makes one root', async () => {
    const { store } = await open();
    const results = await Promise.allSettled([
      configure(store, { PrivateKeyBits: 384 }),
      configure(store, { PrivateKeyBits: 384 }),
    ]);
    expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    expect(roots(store).filter(({ active }) => active)).toHaveLength(1);
  });
});
