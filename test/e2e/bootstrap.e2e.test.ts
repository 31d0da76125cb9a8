import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { networkInterfaces } from 'node:os';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  connectEnvoy,
  consulBootstrap,
  DRAIN_TIME_S,
  Mesh,
  NEWEST_ENVOY,
  startForeignEnvoy,
  until,
} from '../support/envoy-rig/index.js';
import { notRun } from '../support/not-run.js';

/** An address of this machine, not of loopback, at which a server of this machine answers connections that come from that address. */
async function ownAddress(port: number): Promise<string | undefined> {
  const all = Object.values(networkInterfaces()).flatMap((addresses) => addresses ?? []);
  for (const { family, internal, address } of all) {
    if (family !== 'IPv4' || internal) continue;
    const socket = connect({ host: address, port, timeout: 2000 });
    const answered = await Promise.race([once(socket, 'connect'), once(socket, 'timeout')]).catch(() => undefined);
    const isOwn = answered !== undefined && socket.localAddress === address;
    socket.destroy();
    if (isOwn) return address;
  }
  return undefined;
}

describe('ways in which an Envoy reaches the control plane', () => {
  let mesh: Mesh;

  beforeAll(async () => {
    mesh = await Mesh.start({
      flags: ['-client', '0.0.0.0'],
      services: [
        { id: 'api' },
        { id: 'by-consul', calls: ['api'], sidecar: false },
        { id: 'by-tls', calls: ['api'], sidecar: false },
        { id: 'by-hand', calls: ['api'], sidecar: false },
        { id: 'from-afar', calls: ['api'], sidecar: false },
      ],
    });
  });
  afterAll(() => mesh?.close());

  it('a bootstrap that was made for Consul 1.21 works unchanged', async () => {
    const { grpc } = mesh.plane.ports;
    const envoy = await startForeignEnvoy(mesh.rig, 'by-consul', NEWEST_ENVOY, (adminPort) =>
      consulBootstrap({
        proxyId: 'by-consul-sidecar-proxy',
        service: 'by-consul',
        adminPort,
        xdsPort: grpc,
        token: 't',
      }),
    );
    await envoy.ready();
    await mesh.reaches('by-consul', 'api');
    const report = await mesh.plane.proxy('by-consul-sidecar-proxy');
    expect(report).toMatchObject({ Connected: true, Service: 'by-consul', Encrypted: false, Tested: true, Refused: 0 });
    expect(report.Version).toBe(NEWEST_ENVOY);
  });

  it('our bootstrap carries the CA for the TLS port, over which everything is served', async () => {
    const port = String(mesh.plane.ports.grpcTls);
    const printed = mesh.plane.command('connect envoy -bootstrap', [
      ...['connect', 'envoy', '-sidecar-for', 'by-tls', '-bootstrap', '-grpc-addr', `https://127.0.0.1:${port}`],
    ]);
    await until('the bootstrap', () => !printed.isRunning);
    const bootstrap = JSON.parse(printed.log) as Record<string, unknown>;
    const { RootCert } = (await mesh.plane.get<{ Roots: readonly { RootCert: string }[] }>('/v1/connect/ca/roots'))
      .Roots[0] as { RootCert: string };
    expect(printed.log).toContain(JSON.stringify(RootCert.trim()).slice(1, -1));

    const envoy = await startForeignEnvoy(mesh.rig, 'by-tls', NEWEST_ENVOY, (adminPort) => ({
      ...bootstrap,
      admin: { address: { socket_address: { address: '127.0.0.1', port_value: adminPort } } },
    }));
    await envoy.ready();
    await mesh.reaches('by-tls', 'api');
    expect(await mesh.plane.proxy('by-tls-sidecar-proxy')).toMatchObject({ Encrypted: true, Refused: 0 });
  });

  it('the bootstrap of a running Envoy, which holds the token, is on no disk', async () => {
    mesh.keepEnvoy(
      'by-hand',
      await connectEnvoy(mesh.plane, 'by-hand', { version: NEWEST_ENVOY, drainTimeS: DRAIN_TIME_S }),
    );
    await mesh.reaches('by-hand', 'api');
    // The command line names the file it was read from.
    const { pid } = mesh.envoy('by-hand').process;
    const envoyPid = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ')[0] ?? '';
    const words = readFileSync(`/proc/${envoyPid}/cmdline`, 'utf8').split('\0');
    const file = words[words.indexOf('--config-path') + 1] ?? '';
    expect(file).toMatch(/bootstrap\.json$/);
    expect(() => readFileSync(file)).toThrow(/ENOENT/);
  });

  it('a plaintext stream from another host gets no secret', async (context) => {
    const { grpc } = mesh.plane.ports;
    const address = await ownAddress(grpc);
    if (address === undefined) notRun(context, 'this machine reaches itself by no address besides loopback');
    // Connections to an address of this machine come from that address: as from another host.
    const start = (name: string) =>
      startForeignEnvoy(mesh.rig, name, NEWEST_ENVOY, (adminPort) =>
        consulBootstrap({
          ...{ proxyId: 'from-afar-sidecar-proxy', service: 'from-afar', adminPort },
          ...{ xdsPort: grpc, xdsHost: address },
        }),
      );
    const refused = await start('from-afar');
    const report = await until('a stream from another address', async () => {
      refused.process.assertRunning();
      const { status, text } = await mesh.plane.call('GET', `/v1/mesh/proxies/node1/from-afar-sidecar-proxy`);
      if (status === 200 && (JSON.parse(text) as { Connected: boolean }).Connected) return text;
      throw new Error(`${status} ${text}; Envoy says:\n${refused.process.log.slice(-3000)}`);
    });
    expect(JSON.parse(report)).toMatchObject({ RemoteAddress: address, Encrypted: false });
    await until('clusters', async () => (await refused.admin('/clusters')).includes('api.default'));
    expect([...(await refused.stats('^sds.*update_success$')).values()].every((count) => count === 0)).toBe(true);
    expect(await refused.admin('/certs')).not.toContain('serial_number');
    await until('a line in the log', () => /plaintext/.test(mesh.plane.process.log));
    await refused.process.stop();
    await mesh.plane.process.stop();
  });
});
