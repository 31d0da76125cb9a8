import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { exposable, exposedDefinition } from '../../src/agent/exposed-definition.js';
import { createLocalAgent, createStoreCatalog } from '../../src/agent/index.js';
import { writeConfigEntry } from '../../src/discovery/config/index.js';
import { exposedPathsCell, proxyKey } from '../../src/mesh/proxy/index.js';
import { decodeCheckDefinition, decodeServiceDefinition } from '../../src/model/definitions/index.js';
import { checkKey, decodeConfigEntry } from '../../src/model/index.js';
import { createMemoryBackend, createStateStore } from '../../src/state/index.js';
import { ManualClock } from './support/manual-clock.js';

const closers: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function rig(options: { dataDir?: string; exposePorts?: { from: number; to: number } } = {}) {
  const clock = new ManualClock();
  const store = createStateStore({ backend: createMemoryBackend(), clock });
  await store.ready;
  const warnings: string[] = [];
  const facts = { node: 'n1', id: '', address: '10.0.0.9', datacenter: 'dc1', taggedAddresses: {}, meta: {} };
  const agent = createLocalAgent({
    catalog: createStoreCatalog(store, facts),
    clock,
    random: () => 0.5,
    facts,
    sidecarPorts: { from: 21_000, to: 21_255 },
    exposePorts: options.exposePorts ?? { from: 21_500, to: 21_755 },
    checkOutputMaxSize: 4096,
    discardCheckOutput: false,
    commandChecks: 'nowhere',
    checkUpdateIntervalMs: 0,
    logger: { info: () => undefined, warn: (_fields, text) => warnings.push(text) },
    ...(options.dataDir === undefined ? {} : { dataDir: options.dataDir }),
  });
  await agent.start();
  closers.push(() => agent.close());
  const register = (body: object) =>
    agent.registerService(decodeServiceDefinition(body, 'api'), { replaceExistingChecks: true });
  const port = (id: string) => agent.checks.get(id)?.exposedPort;
  const paths = () => store.read(exposedPathsCell, proxyKey({ node: 'n1', proxyId: 'web-sidecar-proxy' })).value;
  return { agent, store, register, port, paths, warnings };
}

/** Lets what a commit set off be done. */
const settled = () => new Promise((resolve) => setImmediate(resolve));

const web = (proxy: object = { Expose: { Checks: true } }) => ({
  Name: 'web',
  Port: 80,
  Checks: [
    { CheckID: 'h', HTTP: 'http://127.0.0.1:8080/health?deep=1', Interval: '10s' },
    { CheckID: 'g', GRPC: '127.0.0.1:9090/web', Interval: '10s' },
    { CheckID: 't', TCP: '127.0.0.1:80', Interval: '10s' },
  ],
  Connect: { SidecarService: { Proxy: proxy } },
});

describe('the checks of a service whose proxy exposes them', () => {
  it('get a port each, in the catalog too, and the proxy lets their paths through', async () => {
    const { register, port, paths, store } = await rig();
    await register(web());
    await settled();
    expect([port('h'), port('g'), port('t')]).toEqual([21_500, 21_501, 0]);
    expect(store.view.get('checks', checkKey('n1', 'h'))?.exposedPort).toBe(21_500);
    expect(paths()).toEqual([
      {
        listenerPort: 21_501,
        path: '/grpc.health.v1.Health/Check',
        localPathPort: 9090,
        protocol: 'http2',
        parsedFromCheck: true,
      },
      { listenerPort: 21_500, path: '/health', localPathPort: 8080, protocol: 'http', parsedFromCheck: true },
    ]);
  });

  it('go straight to the application again when the proxy is changed or gone', async () => {
    const { register, port, paths, agent } = await rig();
    await register(web());
    await settled();
    await register(web({}));
    await settled();
    expect([port('h'), paths()]).toEqual([0, []]);
    await register(web());
    await settled();
    expect(port('h')).toBe(21_500);
    await agent.deregisterService('web-sidecar-proxy');
    await settled();
    expect(port('h')).toBe(0);
  });

  it('are exposed by central configuration as well', async () => {
    const { register, port, store } = await rig();
    await register(web({}));
    await settled();
    expect(port('h')).toBe(0);
    await writeConfigEntry(
      store,
      decodeConfigEntry({ Kind: 'service-defaults', Name: 'web', Expose: { Checks: true } }),
    );
    await settled();
    expect(port('h')).toBe(21_500);
  });

  it('include one that is registered later', async () => {
    const { agent, register, port } = await rig();
    await register(web());
    await settled();
    await agent.registerCheck(
      decodeCheckDefinition({ ID: 'later', Name: 'l', ServiceID: 'web', HTTP: 'http://[::1]/', Interval: '5s' }, 'api'),
    );
    expect(port('later')).toBe(21_502);
  });

  it('keep their ports over a restart', async () => {
    const dataDir = mkdtempSync(join(tmpdir(), 'exposed-'));
    closers.push(() => rmSync(dataDir, { recursive: true }));
    const first = await rig({ dataDir });
    await first.register(web());
    await settled();
    await first.agent.deregisterCheck('g');
    await first.register({ ...web(), Checks: [{ CheckID: 'g', GRPC: '127.0.0.1:9090', Interval: '10s' }] });
    await settled();
    const before = first.port('g');
    await first.agent.close();
    const second = await rig({ dataDir });
    await settled();
    expect(second.port('g')).toBe(before);
  });

  it('are not exposed when no port is left, and that is logged', async () => {
    const { register, port, warnings } = await rig({ exposePorts: { from: 21_500, to: 21_500 } });
    await register(web());
    await settled();
    expect(new Set([port('h'), port('g')])).toEqual(new Set([0, 21_500]));
    expect(warnings).toContainEqual(expect.stringContaining('ports.expose_min_port 21500'));
  });
});

describe('the way of a check through a proxy', () => {
  const check = (body: object) => decodeCheckDefinition({ Name: 'c', Interval: '5s', ...body }, 'api');

  it('changes where it connects to and nothing else', () => {
    const place = { address: '10.1.0.5', port: 21_500 };
    expect(exposedDefinition(check({ HTTP: 'http://app:8080/a?b=c', Method: 'POST' }), place)).toMatchObject({
      http: 'http://10.1.0.5:21500/a?b=c',
      method: 'POST',
    });
    expect(exposedDefinition(check({ GRPC: 'app:9/x.y' }), place).grpc).toBe('10.1.0.5:21500/x.y');
    expect(exposedDefinition(check({ GRPC: 'app:9' }), { ...place, address: '::1' }).grpc).toBe('[::1]:21500');
  });

  it.each([
    [{ HTTP: 'http://app/x' }, { path: '/x', port: 80, protocol: 'http' }],
    [{ HTTP: 'https://app/x' }, undefined],
    [{ HTTP: 'nonsense' }, undefined],
    [{ GRPC: 'app:9', GRPCUseTLS: true }, undefined],
    [{ GRPC: 'app' }, undefined],
    [{ TCP: 'app:9' }, undefined],
  ])('of %j', (body, expected) => {
    expect(exposable(check(body))).toEqual(expected);
  });
});
