import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { httpCall, Mesh, type ProxyReport, until, OUTERMOST_ENVOYS } from '../support/envoy-rig/index.js';
import { type HttpLoad, startHttpLoad, TcpConnection } from '../support/load/index.js';

describe.each(OUTERMOST_ENVOYS)('a durable control plane that goes away and comes back %s', (envoy) => {
  let mesh: Mesh;

  beforeAll(async () => {
    mesh = await Mesh.start({
      envoy,
      durable: true,
      services: [
        { id: 'web', calls: ['api', 'db'] },
        { id: 'other', calls: ['api'] },
        { id: 'api1', name: 'api', meta: { version: '1' } },
        { id: 'api2', name: 'api', meta: { version: '2' } },
        { id: 'db', protocol: 'tcp' },
      ],
    });
    await mesh.plane.configure({
      Kind: 'service-resolver',
      Name: 'api',
      Subsets: { v1: { Filter: 'Service.Meta.version == 1' }, v2: { Filter: 'Service.Meta.version == 2' } },
    });
    await split(50);
    await mesh.plane.put('/v1/connect/intentions/exact?source=other&destination=db', { Action: 'deny' });
    await mesh.plane.settled();
    await mesh.reaches('web', 'api');
  });
  afterAll(() => mesh?.close());

  const split = (toV1: number) =>
    mesh.plane.configure({
      Kind: 'service-splitter',
      Name: 'api',
      Splits: [
        { Weight: toV1, ServiceSubset: 'v1' },
        { Weight: 100 - toV1, ServiceSubset: 'v2' },
      ],
    });
  const sidecars = ['web', 'other', 'api1', 'api2', 'db'];
  const expectUnharmed = async (load: HttpLoad, tcp: TcpConnection): Promise<void> => {
    const report = await load.stop();
    expect(report).toMatchObject({ failed: 0, errors: [] });
    expect(report.perSecond).toBeGreaterThanOrEqual(200);
    expect(tcp.isOpen).toBe(true);
    tcp.close();
  };
  const whoAnswers = async (requests: number): Promise<readonly unknown[]> => {
    const port = mesh.port('web', 'api');
    const answers = await Promise.all(Array.from({ length: requests }, () => httpCall({ port })));
    return answers.map(({ headers }) => headers['x-who']);
  };
  const openTcp = () => until('a TCP connection', () => TcpConnection.open(mesh.port('web', 'db')));

  /** What every Envoy holds and how often it was told something, as Envoy itself counts. */
  const toldSoFar = () =>
    Promise.all(
      sidecars.map(async (id) => {
        const stats = await mesh
          .envoy(id)
          .stats(String.raw`update_success|listener_(added|modified|removed)|cluster_(added|modified|removed)`);
        // The empty answers that end Envoy's back-off count as updates of clusters and listeners, and change none.
        return [id, Object.fromEntries([...stats].filter(([name]) => !/\.(?:cds|lds)\.update_success$/.test(name)))];
      }),
    ).then((entries) => Object.fromEntries(entries) as Readonly<Record<string, unknown>>);

  it('kill -9 under load: what was acknowledged is there, traffic never stopped, and nothing is sent again', async () => {
    const [load, tcp] = [startHttpLoad({ port: mesh.port('web', 'api') }), await openTcp()];
    const toldBefore = await toldSoFar();
    const before = await everything(mesh);
    const writes = startWriting(mesh);
    await until('some writes', () => writes.acknowledged.length > 100);
    await mesh.plane.kill();
    await writes.stopped;

    // Long enough for every Envoy to notice, and to try and fail.
    await until('an Envoy that is refused', async () => {
      const stats = await mesh.envoy('web').stats('^cluster.local_agent.upstream_cx_connect_fail$');
      return [...stats.values()].some((failures) => failures > 0);
    });
    await mesh.plane.start();
    const missing = [];
    for (const [key, value] of writes.acknowledged) {
      const { status, text } = await mesh.plane.call('GET', `/v1/kv/${key}?raw`);
      if (status !== 200 || text !== value) missing.push({ key, value, status, text });
    }
    expect(missing).toEqual([]);
    await mesh.plane.settled(...sidecars);
    const after = await everything(mesh);
    expect(after).toEqual(before);
    expect(await toldSoFar()).toEqual(toldBefore);
    expect(await mesh.plane.gauge('meshwright.xds.leaves_issued')).toBe(0);
    expect(await mesh.plane.gauge('meshwright.xds.resources_sent')).toBe(0);

    // The connection is good, not merely silent.
    await split(0);
    await until('the new split', async () => (await whoAnswers(20)).every((who) => who === 'api2'));
    await split(50);
    await expectUnharmed(load, tcp);
  });

  it('what changed while the Envoys were away, and only that, is told when they come back', async () => {
    const [load, tcp] = [startHttpLoad({ port: mesh.port('web', 'api') }), await openTcp()];
    await mesh.plane.settled();
    const toldBefore = await toldSoFar();
    await mesh.plane.process.stop();
    await mesh.plane.start();
    // Before they are back: the routes of both callers, and nothing else, are others now.
    await split(100);
    await mesh.plane.settled(...sidecars);
    expect(await mesh.plane.gauge('meshwright.xds.resources_sent')).toBe(2);
    const told = await toldSoFar();
    for (const id of ['api1', 'api2', 'db']) expect(told[id]).toEqual(toldBefore[id]);
    await until('the new split', async () => (await whoAnswers(20)).every((who) => who === 'api1'));
    await split(50);
    await mesh.plane.settled();
    await expectUnharmed(load, tcp);
  });

  it('three restarts with changes between them fail no request and break no connection', async () => {
    const [load, tcp] = [startHttpLoad({ port: mesh.port('web', 'api') }), await openTcp()];
    for (let restart = 0; restart < 3; restart++) {
      await (restart % 2 === 0 ? mesh.plane.process.stop() : mesh.plane.kill());
      await mesh.plane.start();
      await split(restart * 30);
    }
    await mesh.plane.settled(...sidecars);
    await split(50);
    await mesh.plane.settled(...sidecars);
    await expectUnharmed(load, tcp);
  });

  it('a proxy that is frozen holds nobody up, and has everything once it goes on', async () => {
    const [load, tcp] = [startHttpLoad({ port: mesh.port('web', 'api') }), await openTcp()];
    mesh.envoy('other').freeze();
    for (let change = 0; change < 30; change++) {
      await split(change % 2 === 0 ? 100 : 0);
      await mesh.plane.settled('web', 'api1', 'api2', 'db');
    }
    await until('the last split', async () => (await whoAnswers(20)).every((who) => who === 'api2'));
    const frozen = await mesh.plane.proxy('other-sidecar-proxy');
    expect(frozen).toMatchObject({ Connected: true, Pending: true });
    mesh.envoy('other').thaw();
    await mesh.plane.settled('other');
    const port = mesh.port('other', 'api');
    const answers = await Promise.all(Array.from({ length: 20 }, () => httpCall({ port })));
    expect(new Set(answers.map(({ headers }) => headers['x-who']))).toEqual(new Set(['api2']));
    await split(50);
    await mesh.plane.settled();
    await expectUnharmed(load, tcp);
  });
});

/** Everything a client can see that a restart must not change, and what each proxy has accepted. */
async function everything({ plane }: Mesh): Promise<unknown> {
  const paths = [
    ...['config/service-defaults', 'config/service-resolver', 'config/service-splitter', 'config/service-intentions'],
    ...['connect/ca/roots', 'connect/intentions', 'agent/services', 'catalog/services', 'catalog/service/api'],
    ...['health/connect/api', 'discovery-chain/api'],
  ];
  const answers = await Promise.all(paths.map(async (path) => [path, await plane.get(`/v1/${path}`)]));
  const proxies: readonly ProxyReport[] = await plane.proxies();
  const accepted = await Promise.all(
    proxies.map(async ({ ProxyID }) => [
      ProxyID,
      (await plane.proxy(ProxyID)).Resources?.map((one) => [one.Type, one.Name, one.AcceptedVersion, one.Progress])
        .map((words) => words.join(' '))
        .sort(),
    ]),
  );
  return { answers: Object.fromEntries(answers), accepted: Object.fromEntries(accepted) };
}

/** Writes keys one after the other until the control plane is gone, and remembers those that it acknowledged. */
function startWriting({ plane }: Mesh): {
  readonly acknowledged: readonly (readonly [key: string, value: string])[];
  readonly stopped: Promise<unknown>;
} {
  const acknowledged: (readonly [string, string])[] = [];
  const writer = async (name: string): Promise<void> => {
    for (let number = 0; ; number++) {
      const [key, value] = [`restart/${name}/${number}`, `${name}-${number}`];
      await plane.put(`/v1/kv/${key}`, value);
      acknowledged.push([key, value]);
    }
  };
  return { acknowledged, stopped: Promise.allSettled(['a', 'b', 'c', 'd'].map(writer)) };
}
