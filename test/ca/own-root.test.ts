import { createHash, createPrivateKey, generateKeyPairSync, webcrypto, X509Certificate } from 'node:crypto';
import { describe, expect, onTestFinished, test } from 'vitest';
import { configureCa, createCertificateAuthority, shownCaConfig } from '../../src/ca/index.js';
import { clusterIdOfRoot, type OwnRoot, takeRoot } from '../../src/ca/own-root.js';
import { type KeyChoice, makeRoot } from '../../src/ca/root.js';
import { systemClock } from '../../src/core/index.js';
import { pem } from '../../src/core/pem.js';
import * as x509 from '../../src/core/x509.js';
import { createMemoryBackend, createStateStore, type StateStore } from '../../src/state/index.js';
import { isTrusted } from './support/is-trusted.js';

const HOUR_MS = 3_600_000;
const CLUSTER = '11111111-2222-4333-8444-555555555555';
const EC: KeyChoice = { type: 'ec', bits: 256 };

async function ownRoot(choice: KeyChoice = EC, clusterId = CLUSTER, atMs = Date.now()): Promise<OwnRoot> {
  const { root, key } = await makeRoot(clusterId, atMs, 1000 * HOUR_MS, choice);
  return { certPem: root.rootCertPem, privateKeyPem: key.privateKeyPem };
}

async function openStore(): Promise<StateStore> {
  const store = createStateStore({ backend: createMemoryBackend(), clock: systemClock });
  await store.ready;
  onTestFinished(() => store.close());
  return store;
}

async function startCa(store: StateStore, options: { readonly clusterId?: string; readonly own?: OwnRoot } = {}) {
  const ca = createCertificateAuthority(store, systemClock, {
    ...{ leafTtlMs: 72 * HOUR_MS, rootTtlMs: 87_600 * HOUR_MS, key: EC, datacenter: 'dc1' },
    ...options,
  });
  onTestFinished(() => ca.close());
  await ca.ready;
  return ca;
}

const configure = (store: StateStore, config: Record<string, unknown>) =>
  configureCa(store, systemClock, { provider: 'consul', config, forceWithoutCrossSigning: false });
const given = ({ certPem, privateKeyPem }: OwnRoot) => ({ RootCert: certPem, PrivateKey: privateKeyPem });
const roots = (store: StateStore) => store.view.range('ca-roots', 'all', []);
const activeRoot = (store: StateStore) => roots(store).find(({ active }) => active);
const shown = (store: StateStore) => shownCaConfig(store.view.get('ca-config', 'config') as never);
const leafOf = (ca: Awaited<ReturnType<typeof startCa>>, service = 'web') =>
  ca.issueLeaf({ spiffeId: `spiffe://${ca.trustDomain}/ns/default/dc/dc1/svc/${service}`, dnsNames: [] });
const settled = () => new Promise((resolve) => setImmediate(resolve));

interface Wanted {
  readonly algorithm: webcrypto.RsaHashedKeyGenParams | webcrypto.EcKeyGenParams | { readonly name: 'Ed25519' };
  readonly mayBeIssuer: boolean;
  readonly usage: x509.KeyUsageFlags;
  readonly name: x509.JsonGeneralName;
}
const RSA = {
  name: 'RSASSA-PKCS1-v1_5',
  hash: 'SHA-256',
  publicExponent: new Uint8Array([1, 0, 1]),
  modulusLength: 2048,
};

/** A root as openssl makes it, but for what is wanted otherwise; its identifier of the key is the SHA-1 of that. */
async function asByOpenssl(wanted: Partial<Wanted> = {}): Promise<OwnRoot> {
  const {
    algorithm = RSA,
    mayBeIssuer = true,
    usage = x509.KeyUsageFlags.keyCertSign | x509.KeyUsageFlags.cRLSign,
    name = { type: 'url', value: `spiffe://${CLUSTER}.consul` },
  } = wanted;
  const keys = (await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])) as webcrypto.CryptoKeyPair;
  const certificate = await x509.X509CertificateGenerator.createSelfSigned({
    name: 'CN=A Root',
    notAfter: new Date(Date.now() + 100 * HOUR_MS),
    signingAlgorithm: { ...algorithm, hash: 'SHA-256' },
    keys,
    extensions: [
      new x509.BasicConstraintsExtension(mayBeIssuer, undefined, true),
      new x509.KeyUsagesExtension(usage, true),
      await x509.SubjectKeyIdentifierExtension.create(keys.publicKey),
      new x509.SubjectAlternativeNameExtension([name]),
    ],
  });
  const privateKey = Buffer.from(await webcrypto.subtle.exportKey('pkcs8', keys.privateKey));
  return { certPem: certificate.toString('pem'), privateKeyPem: pem('PRIVATE KEY', privateKey) };
}

describe('a root that an operator brings', () => {
  test.each<[string, KeyChoice]>([
    ['EC P-256', EC],
    ['EC P-384', { type: 'ec', bits: 384 }],
    ['RSA', { type: 'rsa', bits: 2048 }],
  ])('(%s) signs from the first start, and names the trust domain', async (_kind, choice) => {
    const store = await openStore();
    const own = await ownRoot(choice);
    const ca = await startCa(store, { own });
    expect(ca.trustDomain).toBe(`${CLUSTER}.consul`);
    const root = activeRoot(store);
    expect(root?.rootCertPem).toBe(own.certPem);
    expect([root?.privateKeyType, root?.privateKeyBits]).toEqual([choice.type, choice.bits]);
    expect(await isTrusted(leafOf(ca), [own.certPem])).toBe(true);
  });

  test('as openssl makes it, by its own identifier of its key', async () => {
    const own = await asByOpenssl();
    const ca = await startCa(await openStore(), { own });
    const leaf = leafOf(ca);
    expect(await isTrusted(leaf, [own.certPem])).toBe(true);
    const key = createHash('sha1').update(
      new X509Certificate(own.certPem).publicKey.export({ type: 'pkcs1', format: 'der' }),
    );
    expect(leaf.issuerKeyId).toBe(key.digest('hex').slice(0, 32));
  });

  test('given to two meshes makes each believe the other’s certificates', async () => {
    const own = await ownRoot();
    const [one, two] = [await startCa(await openStore(), { own }), await startCa(await openStore(), { own })];
    expect(one.trustDomain).toBe(two.trustDomain);
    for (const leaf of [leafOf(one), leafOf(two)]) expect(await isTrusted(leaf, [own.certPem])).toBe(true);
  });

  test('given to a mesh that runs is signed by the root before it, so that nobody is cut off', async () => {
    const store = await openStore();
    const ca = await startCa(store, { clusterId: CLUSTER });
    const before = activeRoot(store)?.rootCertPem ?? '';
    const own = await ownRoot({ type: 'rsa', bits: 2048 });
    await configure(store, given(own));
    await settled();
    expect(roots(store)).toHaveLength(2);
    for (const trusted of [before, own.certPem]) expect(await isTrusted(leafOf(ca), [trusted])).toBe(true);
    expect(activeRoot(store)?.rootCertPem).toBe(own.certPem);
  });

  test('stays while its certificate is given, with its key or without', async () => {
    const store = await openStore();
    await startCa(store, { clusterId: CLUSTER });
    const own = await ownRoot();
    await configure(store, given(own));
    const active = activeRoot(store);
    await configure(store, { ...shown(store), LeafCertTTL: '36h' });
    await configure(store, { ...given(own), LeafCertTTL: '35h' });
    expect(activeRoot(store)).toEqual(active);
    expect(store.view.get('ca-config', 'config')?.leafTtlMs).toBe(35 * HOUR_MS);
    const other = await ownRoot();
    await expect(configure(store, { ...given(own), PrivateKey: other.privateKeyPem })).rejects.toThrow('do not belong');
    await expect(configure(store, { RootCert: other.certPem })).rejects.toThrow('not a private key');
    expect(activeRoot(store)).toEqual(active);
  });

  test('goes again when a configuration does not name it', async () => {
    const store = await openStore();
    const own = await ownRoot();
    const ca = await startCa(store, { clusterId: CLUSTER });
    await configure(store, given(own));
    await configure(store, { LeafCertTTL: '36h' });
    await settled();
    expect(activeRoot(store)?.rootCertPem).not.toBe(own.certPem);
    expect(await isTrusted(leafOf(ca), [own.certPem])).toBe(true);
  });

  test('shows its certificate and never its key', async () => {
    const store = await openStore();
    await startCa(store, { clusterId: CLUSTER });
    const own = await ownRoot();
    await configure(store, { root_cert: own.certPem, private_key: own.privateKeyPem });
    expect(shown(store)).toEqual({ root_cert: own.certPem, private_key: '' });
    const secret = own.privateKeyPem.split('\n')[1] as string;
    expect(JSON.stringify([store.view.get('ca-config', 'config'), roots(store)])).not.toContain(secret);
  });
});

describe('a root is refused', () => {
  const rsaKey = () =>
    generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ type: 'pkcs8', format: 'pem' }) as string;
  const refusals: Readonly<Record<string, readonly [() => OwnRoot | Promise<OwnRoot>, string]>> = {
    'that is no certificate': [
      () => ({ certPem: 'x', privateKeyPem: rsaKey() }),
      'RootCert must be one certificate in PEM',
    ],
    'with a chain': [
      async () => {
        const { certPem, privateKeyPem } = await ownRoot();
        return { certPem: certPem + certPem, privateKeyPem };
      },
      'without a chain',
    ],
    'without its key': [async () => ({ ...(await ownRoot()), privateKeyPem: '' }), 'PrivateKey is not a private key'],
    'with the key of another': [
      async () => ({ ...(await ownRoot()), privateKeyPem: rsaKey() }),
      'do not belong together',
    ],
    'whose key is locked by a passphrase': [
      async () => {
        const own = await ownRoot();
        const locked = { type: 'pkcs8', format: 'pem', cipher: 'aes-256-cbc', passphrase: 'p' } as const;
        return { ...own, privateKeyPem: createPrivateKey(own.privateKeyPem).export(locked) as string };
      },
      'without a passphrase',
    ],
    'whose key is of another kind': [() => asByOpenssl({ algorithm: { name: 'Ed25519' } }), 'PrivateKey must be EC'],
    'whose key is too small': [
      () => asByOpenssl({ algorithm: { ...RSA, modulusLength: 1024 } }),
      'RSA of 2048 bits or more',
    ],
    'that may not sign': [() => asByOpenssl({ mayBeIssuer: false }), 'may not sign certificates'],
    'whose key may be used for something else only': [
      () => asByOpenssl({ usage: x509.KeyUsageFlags.digitalSignature }),
      'may not sign certificates',
    ],
    'of another trust domain': [
      () => ownRoot(EC, 'aaaaaaaa-1111-4222-8333-444444444444'),
      'is of the trust domain aaaaaaaa',
    ],
    'without a trust domain': [
      () => asByOpenssl({ name: { type: 'dns', value: 'example.org' } }),
      'must name its trust domain',
    ],
    'that has run out': [() => ownRoot(EC, CLUSTER, Date.now() - 2000 * HOUR_MS), 'and not now'],
    'that is not valid yet': [() => ownRoot(EC, CLUSTER, Date.now() + HOUR_MS), 'and not now'],
  };
  test.each(Object.entries(refusals))('%s, and nothing is said of the key', async (_what, [make, says]) => {
    const own = await make();
    const refusal = await takeRoot(own, CLUSTER, Date.now()).catch((thrown: unknown) => thrown);
    expect(refusal).toMatchObject({ code: 'invalidArgument', message: expect.stringContaining(says) });
    const secret = own.privateKeyPem.split('\n')[1];
    if (secret) expect(String((refusal as Error).stack)).not.toContain(secret);
  });

  test('that somebody else has signed', async () => {
    const [above, own] = [await ownRoot(), await ownRoot()];
    const { crossSign } = await import('../../src/ca/cross-sign.js');
    const [signer, signed] = await Promise.all([
      takeRoot(above, CLUSTER, Date.now()),
      takeRoot(own, CLUSTER, Date.now()),
    ]);
    const revisions = { createIndex: 1, modifyIndex: 1 };
    const certPem = await crossSign(
      { ...signer.root, ...revisions },
      { ...signer.key, ...revisions },
      signed.root,
      Date.now(),
    );
    await expect(takeRoot({ ...own, certPem }, CLUSTER, Date.now())).rejects.toThrow('signed by its own key');
  });

  test('before anything is settled: a start with a corrected configuration goes on', async () => {
    const store = await openStore();
    const own = await ownRoot();
    const wrong = 'aaaaaaaa-1111-4222-8333-444444444444';
    await expect(startCa(store, { own, clusterId: wrong })).rejects.toThrow(`and this is ${wrong}.consul`);
    expect((await startCa(store, { own, clusterId: clusterIdOfRoot(own.certPem) })).trustDomain).toBe(
      `${CLUSTER}.consul`,
    );
  });
});
