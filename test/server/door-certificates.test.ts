import { X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { configureCa, createCertificateAuthority } from '../../src/ca/index.js';
import { createMemoryBackend, createStateStore } from '../../src/state/index.js';
import { createDoorCertificates } from '../../src/server/tls-door.js';
import { createPortCertificates } from '../../src/server/tls-files.js';
import { ManualClock } from '../state/support/manual-clock.js';
import { makeCertificate } from '../support/server-certificates.js';

const HOUR_MS = 3_600_000;
const NO_FILES = { caFile: '', caPath: '', certFile: '', keyFile: '' };
const NOTHING = { ...NO_FILES, verifyIncoming: false, minVersion: 'TLSv1_2', cipherSuites: [] };

/** A server at its first start: its authority has no root yet. */
async function firstStart() {
  const clock = new ManualClock();
  const store = createStateStore({ backend: createMemoryBackend(), clock });
  await store.ready;
  const ca = createCertificateAuthority(store, clock, {
    leafTtlMs: 72 * HOUR_MS,
    rootTtlMs: 87_600 * HOUR_MS,
    key: { type: 'ec', bits: 256 },
    datacenter: 'dc1',
  });
  const own = createDoorCertificates(store, ca, clock, ['localhost']);
  onTestFinished(async () => {
    own.close();
    ca.close();
    await store.close();
  });
  return { clock, store, ca, own };
}

async function certificateFiles() {
  const folder = mkdtempSync(join(tmpdir(), 'meshwright-door-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const { certificate, key } = await makeCertificate(['localhost']);
  const [certFile, keyFile] = [join(folder, 'cert.pem'), join(folder, 'key.pem')];
  writeFileSync(certFile, certificate);
  writeFileSync(keyFile, key);
  return { certificate, config: { ...NOTHING, certFile, keyFile } };
}

test('a port with a certificate in files opens before there is a root', async () => {
  const { ca, own } = await firstStart();
  const { certificate, config } = await certificateFiles();
  const ports = createPortCertificates({ https: config, grpc: NOTHING }, own);
  expect(ports.of('https').current().certPem).toBe(certificate);
  await ca.ready;
  expect(ports.of('https').current().certPem).toBe(certificate);
  expect(new X509Certificate(ports.of('grpc').current().certPem).checkHost('localhost')).toBe('localhost');
});

test('a port without files has one certificate of the authority, and another before it expires and when the root is another', async () => {
  const { clock, store, ca, own } = await firstStart();
  await ca.ready;
  const { certificate, config } = await certificateFiles();
  const ports = createPortCertificates({ https: NOTHING, grpc: config }, own);
  const [https, grpc] = [ports.of('https'), ports.of('grpc')];
  let [told, toldOfFiles] = [0, 0];
  https.onChange(() => void (told += 1));
  grpc.onChange(() => void (toldOfFiles += 1));
  const first = https.current().certPem;
  expect(https.current().certPem).toBe(first);
  clock.advance(72 * HOUR_MS);
  expect(told).toBeGreaterThanOrEqual(1);
  const second = https.current().certPem;
  expect(second).not.toBe(first);
  const before = told;
  const config2048 = { PrivateKeyType: 'rsa', PrivateKeyBits: 2048 };
  await configureCa(store, clock, { provider: 'consul', config: config2048, forceWithoutCrossSigning: false });
  await new Promise((resolve) => setImmediate(resolve));
  expect(told).toBe(before + 1);
  expect(https.current().certPem).not.toBe(second);
  expect([grpc.current().certPem, toldOfFiles]).toEqual([certificate, 0]);
});
