import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Mesh, type RunningEnvoy, until, OUTERMOST_ENVOYS } from '../support/envoy-rig/index.js';
import { startHttpLoad, TcpConnection } from '../support/load/index.js';
import { anyChange, resolver } from './support/random-change.js';

const CHANGES = 200;
const LEAF_TTL_MS = 60_000;

describe.each(OUTERMOST_ENVOYS)('a mesh under steady load %s', (envoy) => {
  let mesh: Mesh;

  beforeAll(async () => {
    mesh = await Mesh.start({
      envoy,
      // Ours by default. With one of a second, an HTTP/1.1 connection between two Envoys that is taken from the pool at the very
      // moment at which its drained listener closes it would fail a request now and then: that is Envoy's doing, not a change's.
      drainTimeS: 15,
      config: { connect: { ca_config: { leaf_cert_ttl: '1m' } } },
      services: [
        { id: 'web', calls: ['api', 'db'] },
        { id: 'api1', name: 'api', meta: { version: '1' } },
        { id: 'api2', name: 'api', meta: { version: '2' } },
        { id: 'api3', name: 'api', meta: { version: '1' } },
        { id: 'billing' },
        { id: 'db', protocol: 'tcp' },
      ],
    });
    await mesh.plane.configure({ Kind: 'service-defaults', Name: 'legacy', Protocol: 'http' });
    await mesh.plane.configure({ Kind: 'service-resolver', Name: 'legacy', Redirect: { Service: 'billing' } });
    const { method, path, body } = resolver('Service.Meta.version == 1');
    await mesh.plane.ask(method, path, body);
    await mesh.reaches('web', 'api');
  });
  afterAll(() => mesh?.close());

  const load = () =>
    startHttpLoad({
      port: mesh.port('web', 'api'),
      path: (number) => ['/', '/a', '/b/c', '/a?q=beta', '/x/y/z?p=1'][number % 5] as string,
      headers: (number) => (number % 3 === 0 ? { 'x-user': number % 2 === 0 ? 'alpha' : 'gamma' } : {}),
    });

  it(`${CHANGES} random valid changes of the configuration fail no request, and no Envoy refuses any`, async () => {
    const seed = Number(process.env['E2E_SEED'] ?? Date.now() % 1_000_000_007);
    console.log(`random changes: E2E_SEED=${seed} makes the same ones again`);
    const traffic = load();
    let failedAt: number | undefined;
    const changes = fc.sample(anyChange, { seed, numRuns: CHANGES });
    for (const [number, { method, path, body }] of changes.entries()) {
      await mesh.plane.ask(method, path, body);
      // One by one, and in bursts.
      if (number % 8 < 5) await mesh.plane.settled();
      if (failedAt === undefined && traffic.report.failed > 0) failedAt = number;
    }
    await mesh.plane.put('/v1/agent/service/maintenance/api3?enable=false');
    await mesh.plane.settled();
    const report = await traffic.stop();
    const near = failedAt === undefined ? [] : changes.slice(Math.max(0, failedAt - 3), failedAt + 1);
    expect({ errors: report.errors, near, seed }).toEqual({ errors: [], near: [], seed });
    expect(report.perSecond).toBeGreaterThanOrEqual(200);
    expect(await mesh.plane.gauge('meshwright.xds.refusals')).toBe(0);
    for (const { ProxyID } of await mesh.plane.proxies()) {
      const look = () => mesh.plane.proxy(ProxyID);
      const { Refused, Problems } = await look();
      expect({ ProxyID, Refused, Problems }).toEqual({ ProxyID, Refused: 0, Problems: [] });
      // An Envoy answers clusters before it asks for their endpoints.
      const late = async () => ((await look()).Resources ?? []).filter((one) => one.Progress !== 'current');
      await until('all to be current', async () => (await late()).length === 0).catch(() => undefined);
      expect({ late: await late(), seed }).toEqual({ late: [], seed });
    }
  });

  it('leaves are renewed in good time, without a failed request or a broken connection', async () => {
    const envoys = ['web', 'api1', 'db'].map((id) => mesh.envoy(id));
    const traffic = load();
    const open = () => until('a TCP connection', () => TcpConnection.open(mesh.port('web', 'db')));
    const connections = [await open(), await open(), await open()];
    const first = await Promise.all(envoys.map(ownCertificate));
    const drained = await Promise.all(envoys.map(listenersChanged));
    const renewals = await Promise.all(
      envoys.map((envoy, at) =>
        until(
          'the renewal of a leaf',
          async () => {
            const certificate = await ownCertificate(envoy);
            return certificate.serial === first[at]?.serial ? undefined : { certificate, atMs: Date.now() };
          },
          2 * LEAF_TTL_MS,
        ),
      ),
    );
    for (const [at, { atMs }] of renewals.entries()) {
      const lifeLeftMs = (first[at]?.endsAtMs ?? 0) - atMs;
      expect(lifeLeftMs).toBeGreaterThan(0);
      expect(lifeLeftMs).toBeLessThanOrEqual(0.4 * LEAF_TTL_MS);
    }
    // Until the first certificates are worth nothing any more: whoever still showed one would now be refused.
    const lastEnd = Math.max(...first.map(({ endsAtMs }) => endsAtMs));
    await until('the end of the first certificates', () => Date.now() > lastEnd + 1_000, 2 * LEAF_TTL_MS);
    const report = await traffic.stop();
    expect(report).toMatchObject({ failed: 0, errors: [] });
    expect(report.perSecond).toBeGreaterThanOrEqual(200);
    for (const connection of connections) {
      expect(connection.isOpen).toBe(true);
      connection.close();
    }
    expect(await Promise.all(envoys.map(listenersChanged))).toEqual(drained);
  });
});

/** The certificate that an Envoy shows to others. */
async function ownCertificate(envoy: RunningEnvoy): Promise<{ readonly serial: string; readonly endsAtMs: number }> {
  interface Certs {
    readonly certificates: readonly {
      readonly cert_chain?: readonly { readonly serial_number: string; readonly expiration_time: string }[];
    }[];
  }
  const { certificates } = JSON.parse(await envoy.admin('/certs')) as Certs;
  const newest = certificates
    .flatMap(({ cert_chain: chain = [] }) => chain)
    .map(({ serial_number: serial, expiration_time: end }) => ({ serial, endsAtMs: Date.parse(end) }))
    .sort((left, right) => right.endsAtMs - left.endsAtMs)[0];
  if (newest === undefined) throw new Error('the Envoy shows no certificate');
  return newest;
}

/** What would cut connections: listeners and clusters that were replaced. */
const listenersChanged = async (envoy: RunningEnvoy): Promise<unknown> =>
  Object.fromEntries(await envoy.stats('listener_(modified|in_place_updated)|cluster_manager.cluster_modified'));
