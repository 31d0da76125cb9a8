import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  consulBootstrap,
  DRAIN_TIME_S,
  httpCall,
  Mesh,
  pause,
  startForeignEnvoy,
  OUTERMOST_ENVOYS,
  until,
} from '../support/envoy-rig/index.js';
import { openStream, startHttpLoad, TcpConnection } from '../support/load/index.js';

const REFUSED_WITHIN_MS = 1_000;
const ENDED_WITHIN_MS = DRAIN_TIME_S * 1_000 + 1_000;

describe.each(OUTERMOST_ENVOYS)('intentions at real Envoys %s', (envoy) => {
  let mesh: Mesh;

  beforeAll(async () => {
    mesh = await Mesh.start({
      envoy,
      durable: true,
      services: [
        { id: 'web', calls: ['api', 'db'] },
        { id: 'other', calls: ['api', 'db'] },
        { id: 'foreign', calls: ['db'], sidecar: false },
        { id: 'api' },
        { id: 'db', protocol: 'tcp' },
      ],
    });
    // No drain time in the bootstrap, none on the command line: what somebody has who comes from Consul.
    const foreign = await startForeignEnvoy(mesh.rig, 'foreign', envoy, (adminPort) =>
      consulBootstrap({
        proxyId: 'foreign-sidecar-proxy',
        service: 'foreign',
        adminPort,
        xdsPort: mesh.plane.ports.grpc,
      }),
    );
    mesh.keepEnvoy('foreign', foreign);
    await foreign.ready();
    await mesh.reaches('web', 'api');
    await mesh.reaches('other', 'api');
  });
  afterAll(() => mesh?.close());

  const intention = (source: string, destination: string) =>
    `/v1/connect/intentions/exact?source=${source}&destination=${destination}`;
  const deny = (source: string, destination: string) =>
    mesh.plane.put(intention(source, destination), { Action: 'deny' });
  const forget = (source: string, destination: string) => mesh.plane.ask('DELETE', intention(source, destination));
  const status = async (
    from: string,
    call: { path?: string; method?: string; headers?: Record<string, string> } = {},
  ): Promise<number> => (await httpCall({ port: mesh.port(from, 'api'), ...call })).status;
  const openTcp = async (from: string): Promise<TcpConnection> => {
    const opened = await until(`a TCP connection of ${from}`, () => TcpConnection.open(mesh.port(from, 'db')));
    expect(opened.who).toBe('db');
    return opened;
  };

  it('a denied caller of an HTTP service gets 403 within a second, its streams end, and others notice nothing', async () => {
    const denied = startHttpLoad({ port: mesh.port('web', 'api') });
    const allowed = startHttpLoad({ port: mesh.port('other', 'api') });
    const streams = { web: openStream(mesh.port('web', 'api')), other: openStream(mesh.port('other', 'api')) };
    await until('both streams', () => streams.web.ticks > 2 && streams.other.ticks > 2);
    const deniedAt = performance.now();
    await deny('web', 'api');
    await until('the end of the stream of the denied caller', () => streams.web.endedAt !== undefined);
    expect((streams.web.endedAt as number) - deniedAt).toBeLessThan(ENDED_WITHIN_MS);
    await pause(500);
    expect(denied.lastGoodSentAt - deniedAt).toBeLessThan(REFUSED_WITHIN_MS);
    const [deniedReport, allowedReport] = await Promise.all([denied.stop(), allowed.stop()]);
    expect(Object.keys(deniedReport.statuses)).toEqual(['200', '403']);
    expect(deniedReport.statuses[403]).toBe(deniedReport.failed);
    expect(allowedReport).toMatchObject({ failed: 0, errors: [] });
    expect(streams.other.endedAt).toBeUndefined();
    streams.other.close();

    await forget('web', 'api');
    await until('passage once the denial is taken back', async () => (await status('web')) === 200);
  });

  it('a denied caller of a TCP service is closed within a second, its open connections end with the drain time, others live on', async () => {
    const denied = [await openTcp('web'), await openTcp('web')];
    const others = [await openTcp('other'), await openTcp('other')];
    const http = startHttpLoad({ port: mesh.port('web', 'api') });
    const deniedAt = performance.now();
    await deny('web', 'db');
    await until(
      'the refusal of new connections',
      async () => {
        const opened = await TcpConnection.open(mesh.port('web', 'db'));
        opened?.close();
        return opened === undefined;
      },
      REFUSED_WITHIN_MS,
    );
    const pending = await until('the report of connections that still live', async () => {
      const { RevocationPending } = await mesh.plane.proxy('web-sidecar-proxy');
      return RevocationPending?.AcceptedAt ? RevocationPending : undefined;
    });
    expect(Date.parse(pending.EndsAt) - Date.parse(pending.AcceptedAt)).toBe(DRAIN_TIME_S * 1_000);
    await Promise.all(denied.map((connection) => connection.ended));
    for (const { endedAt = 0 } of denied) expect(endedAt - deniedAt).toBeLessThan(ENDED_WITHIN_MS);
    await until(
      'the end of the report, once nothing lives any more',
      async () => (await mesh.plane.proxy('web-sidecar-proxy')).RevocationPending === undefined,
    );
    const echoedBefore = others.map(({ echoed }) => echoed);
    await until('more from the others', () => others.every(({ echoed }, at) => echoed > (echoedBefore[at] ?? 0)));
    for (const connection of others) {
      expect(connection.isOpen).toBe(true);
      connection.close();
    }
    // The same caller may still call the other service: its kept connections are not touched.
    expect(await http.stop()).toMatchObject({ failed: 0, errors: [] });

    await forget('web', 'db');
    (await openTcp('web')).close();
  });

  it('an Envoy whose drain time is not ours: new connections are refused, and the report says what cannot be hastened', async () => {
    const open = await openTcp('foreign');
    await deny('foreign', 'db');
    await until('the refusal of new connections', async () => {
      const opened = await TcpConnection.open(mesh.port('foreign', 'db'));
      opened?.close();
      return opened === undefined;
    });
    const pending = await until('acceptance', async () => {
      const { RevocationPending } = await mesh.plane.proxy('foreign-sidecar-proxy');
      return RevocationPending?.AcceptedAt ? RevocationPending : undefined;
    });
    expect(pending.EndsAt).toBe('');
    expect(pending.Reason).toMatch(/drain time .* not ours/);
    expect(pending.Index).toBeGreaterThan(0);
    expect(open.isOpen).toBe(true);
    open.close();
    await forget('foreign', 'db');
  });

  const permissions = (...Permissions: readonly object[]) =>
    mesh.plane.configure({ Kind: 'service-intentions', Name: 'api', Sources: [{ Name: 'web', Permissions }] });

  it('permissions decide by path, header and method', async () => {
    await permissions(
      { Action: 'deny', HTTP: { PathPrefix: '/admin' } },
      { Action: 'deny', HTTP: { PathExact: '/exact', Methods: ['DELETE', 'PUT'] } },
      { Action: 'deny', HTTP: { PathRegex: '/v[0-9]+/secret', Header: [{ Name: 'x-role', Exact: 'guest' }] } },
      { Action: 'deny', HTTP: { PathPrefix: '/', Header: [{ Name: 'x-blocked', Present: true }] } },
    );
    await until('the first permission', async () => (await status('web', { path: '/admin/x' })) === 403);
    const calls = {
      'GET /': { path: '/' },
      'GET /exact': { path: '/exact' },
      'DELETE /exact': { path: '/exact', method: 'DELETE' },
      'DELETE /exactly': { path: '/exactly', method: 'DELETE' },
      'guest at /v12/secret': { path: '/v12/secret', headers: { 'x-role': 'guest' } },
      'owner at /v12/secret': { path: '/v12/secret', headers: { 'x-role': 'owner' } },
      'guest at /vx/secret': { path: '/vx/secret', headers: { 'x-role': 'guest' } },
      'with x-blocked': { path: '/', headers: { 'x-blocked': '1' } },
    };
    const answers = await Promise.all(
      Object.entries(calls).map(async ([name, call]) => [name, await status('web', call)]),
    );
    expect(Object.fromEntries(answers)).toEqual({
      'GET /': 200,
      'GET /exact': 200,
      'DELETE /exact': 403,
      'DELETE /exactly': 200,
      'guest at /v12/secret': 403,
      'owner at /v12/secret': 200,
      'guest at /vx/secret': 200,
      'with x-blocked': 403,
    });
    expect(await status('other', { path: '/admin/x' })).toBe(200);
    await mesh.plane.removeConfig('service-intentions', 'api');
    await until('passage without permissions', async () => (await status('web', { path: '/admin/x' })) === 200);
  });

  it.each([
    { setting: 'default_intention_policy', config: { default_intention_policy: 'deny' } },
    { setting: 'acl.default_policy', config: { acl: { enabled: true, default_policy: 'deny' } } },
  ])('$setting deny refuses everything that is not allowed, and ends what was open', async ({ config }) => {
    const open = await openTcp('web');
    await mesh.plane.process.stop();
    await mesh.plane.start(config);
    await until('the refusal of all', async () => (await status('web')) === 403 && (await status('other')) === 403);
    await open.ended;
    await until('refused TCP', async () => (await TcpConnection.open(mesh.port('other', 'db'))) === undefined);

    await mesh.plane.put(intention('web', 'db'), { Action: 'allow' });
    await permissions({ Action: 'allow', HTTP: { PathPrefix: '/public', Methods: ['GET'] } });
    (await openTcp('web')).close();
    await until('what is allowed', async () => (await status('web', { path: '/public/x' })) === 200);
    expect(await status('web', { path: '/public/x', method: 'POST' })).toBe(403);
    expect(await status('web', { path: '/private' })).toBe(403);
    expect(await status('other', { path: '/public/x' })).toBe(403);
    expect(await TcpConnection.open(mesh.port('other', 'db'))).toBeUndefined();

    await mesh.plane.removeConfig('service-intentions', 'api');
    await mesh.plane.removeConfig('service-intentions', 'db');
    await mesh.plane.process.stop();
    await mesh.plane.start();
    await until('passage of all', async () => (await status('web')) === 200 && (await status('other')) === 200);
  });
});
