import { connect, type Socket } from 'node:net';
import { X509Certificate } from 'node:crypto';
import { connect as connectTls } from 'node:tls';
import { networkInterfaces } from 'node:os';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createCertificateAuthority } from '../../../src/ca/index.js';
import { systemClock } from '../../../src/core/index.js';
import { createMemoryBackend, createStateStore } from '../../../src/state/index.js';
import { isLoopback } from '../../../src/xds/server/stream-outlet.js';
import type { ServerCertificateProvider } from '../../../src/xds/server/index.js';
import { TestMesh } from './support/mesh.js';
import { roots, staticCluster } from './support/resources.js';

describe('the doors', () => {
  let mesh: TestMesh;

  beforeEach(async () => {
    mesh = await new TestMesh().start();
    mesh.resource(staticCluster('local_app'));
    mesh.resource(roots());
    mesh.needs('web-sidecar-proxy', { cluster: ['local_app'], secret: ['roots'] });
    mesh.store.flush();
  });
  afterEach(() => mesh.stop());

  const works = async () => {
    const envoy = mesh.envoy('web-sidecar-proxy');
    await envoy.until(() => envoy.acks === 2, 'a served Envoy');
    envoy.disconnect();
  };

  test('a taken port is named', async () => {
    await expect(mesh.server.listen('127.0.0.1', mesh.port)).rejects.toMatchObject({
      code: 'portTaken',
      message: expect.stringContaining(`127.0.0.1:${mesh.port}`),
    });
  });

  test.each([
    ['an HTTP/1 request', Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n\r\n')],
    ['a TLS hello', Buffer.from('16030100050100000000', 'hex')],
    ['random bytes', Buffer.from(Array.from({ length: 5_000 }, (_, number) => (number * 7919) % 251))],
    [
      'an HTTP/2 preface and nonsense',
      Buffer.concat([Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'), Buffer.alloc(900, 0xee)]),
    ],
    ['nothing, then a reset', Buffer.alloc(0)],
  ])('%s on the port harms nobody', async (_what, garbage) => {
    const socket: Socket = connect(mesh.port, '127.0.0.1');
    socket.on('error', () => undefined);
    await new Promise((resolve) => socket.once('connect', resolve));
    socket.write(garbage);
    await new Promise((resolve) => setTimeout(resolve, 20));
    socket.resetAndDestroy();
    await works();
  });

  test('what is loopback', () => {
    expect(['127.0.0.1', '127.8.9.1', '::1', '::ffff:127.0.0.1'].filter(isLoopback)).toHaveLength(4);
    expect(['10.0.0.1', '::', '1.127.0.1', '::ffff:10.0.0.1', '', 'fe80::1', '0.0.0.0'].filter(isLoopback)).toEqual([]);
  });

  test('plaintext from an address of another host gets configuration and no secret, unless that is allowed', async () => {
    const address = Object.values(networkInterfaces())
      .flat()
      .find((one) => one?.family === 'IPv4' && !one.internal)?.address;
    // A machine without any network: the rule itself is tested in leaves.test.ts.
    if (address === undefined) return expect(isLoopback('')).toBe(false);
    for (const allowPlaintextSecrets of [false, true]) {
      await mesh.stop();
      await mesh.start({}, { allowPlaintextSecrets });
      const { port } = await mesh.server.listen(address, 0);
      const envoy = mesh.envoy('web-sidecar-proxy', { host: address, port });
      await envoy.until(() => envoy.acks === 2);
      envoy.subscribe('secret', ['leaf', 'roots']);
      await envoy.until(() => envoy.ended !== undefined || 'leaf' in envoy.versions('secret'));
      if (allowPlaintextSecrets) expect(envoy.ended).toBeUndefined();
      else
        expect(envoy.ended).toMatchObject({
          code: 7,
          details: expect.stringMatching(/8503.*-allow-plaintext-secrets/),
        });
    }
  });

  test('the TLS door serves with a certificate of the CA, and takes a new one without dropping anybody', async () => {
    const store = createStateStore({ backend: createMemoryBackend(), clock: systemClock });
    await store.ready;
    const ca = createCertificateAuthority(store, systemClock, {
      leafTtlMs: 3_600_000,
      rootTtlMs: 86_400_000,
      key: { type: 'ec', bits: 256 },
      datacenter: 'dc1',
    });
    await ca.ready;
    const rootPem = store.view.range('ca-roots', 'all', [])[0]?.rootCertPem ?? '';
    let certificate = ca.issueServer(['server.dc1.consul', 'localhost', '127.0.0.1']);
    let changed: () => void = () => undefined;
    const provider: ServerCertificateProvider = {
      current: () => certificate,
      onChange: (listener) => {
        changed = listener;
        return () => undefined;
      },
    };
    const { port } = await mesh.server.listenTls('127.0.0.1', 0, provider);
    const tls = { ca: rootPem, servername: 'server.dc1.consul' };
    const envoy = mesh.envoy('web-sidecar-proxy', { port, tls });
    await envoy.until(() => envoy.acks === 2);
    envoy.subscribe('secret', ['leaf', 'roots']);
    await envoy.until(() => 'leaf' in envoy.versions('secret'));
    expect(mesh.server.propagation.list()).toMatchObject([{ encrypted: true }]);

    const serialSeen = () =>
      new Promise<string>((resolve, reject) => {
        const socket = connectTls({ port, host: '127.0.0.1', ALPNProtocols: ['h2'], ...tls }, () => {
          resolve(socket.getPeerX509Certificate()?.serialNumber ?? '');
          socket.destroy();
        });
        socket.on('error', reject);
      });
    const serialOf = ({ certPem }: { certPem: string }) => new X509Certificate(certPem).serialNumber;
    expect(await serialSeen()).toBe(serialOf(certificate));
    certificate = ca.issueServer(['server.dc1.consul']);
    changed();
    expect(await serialSeen()).toBe(serialOf(certificate));
    certificate = { ...certificate, privateKeyPem: 'broken' };
    changed();
    certificate = ca.issueServer(['server.dc1.consul']);
    mesh.resource(staticCluster('local_app', '2'));
    mesh.store.flush();
    await envoy.until(() => envoy.versions('cluster').local_app === staticCluster('local_app', '2').version);
    expect(mesh.logs.some(({ message }) => /certificate .* unusable/.test(message))).toBe(true);
    ca.close();
    await store.close();
  });

  test('plaintext on the TLS door harms nobody', async () => {
    const store = createStateStore({ backend: createMemoryBackend(), clock: systemClock });
    await store.ready;
    const ca = createCertificateAuthority(store, systemClock, {
      leafTtlMs: 3_600_000,
      rootTtlMs: 86_400_000,
      key: { type: 'ec', bits: 256 },
      datacenter: 'dc1',
    });
    await ca.ready;
    const certificate = ca.issueServer(['localhost']);
    const { port } = await mesh.server.listenTls('127.0.0.1', 0, {
      current: () => certificate,
      onChange: () => () => undefined,
    });
    const envoy = mesh.envoy('web-sidecar-proxy', { port });
    await envoy.until(() => envoy.ended !== undefined);
    expect(envoy.ended?.code).toBe(14);
    await works();
    ca.close();
    await store.close();
  });
});
