import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { createLocalAgent, type NodeFacts } from '../../../src/agent/index.js';
import { createAskServers } from '../../../src/client-agent/catalog/ask-servers.js';
import { createLinkCatalog } from '../../../src/client-agent/catalog/link-catalog.js';
import { watchNode } from '../../../src/client-agent/catalog/node-watch.js';
import { createServerAccess } from '../../../src/client-agent/index.js';
import { decodeCheckDefinition, decodeServiceDefinition } from '../../../src/model/definitions/index.js';
import { checkKey, nodeKey, serviceKey } from '../../../src/model/index.js';
import { ManualClock } from '../../agent/support/manual-clock.js';
import { testEdge } from '../../edges/http/support/test-edge.js';
import { answeredBy, FakeLink } from '../support/fake-link.js';

const closers: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

/** An agent of node `c1` whose server's API is in this process. */
async function rig(facts: Partial<NodeFacts> = {}, dataDir?: string) {
  const clock = new ManualClock();
  const edge = await testEdge();
  const link = new FakeLink(answeredBy(edge));
  const servers = createServerAccess(link, clock);
  const own: NodeFacts = {
    node: 'c1',
    id: 'cccccccc-0000-4000-8000-000000000001',
    address: '10.0.0.7',
    datacenter: 'dc1',
    taggedAddresses: { lan: '10.0.0.7' },
    meta: { rack: 'r1' },
    ...facts,
  };
  const ask = createAskServers(servers, clock, () => 'own');
  const watch = watchNode(ask, own.node, clock);
  const catalog = createLinkCatalog({
    ask,
    servers,
    link,
    watch,
    facts: own,
    clock,
    random: () => 0.5,
    serviceToken: () => '',
  });
  const warnings: string[] = [];
  const agent = createLocalAgent({
    catalog,
    clock,
    random: () => 0.5,
    facts: own,
    sidecarPorts: { from: 21_000, to: 21_255 },
    exposePorts: { from: 21_500, to: 21_755 },
    checkOutputMaxSize: 4096,
    discardCheckOutput: false,
    commandChecks: 'nowhere',
    checkUpdateIntervalMs: 0,
    copyPatienceMs: 2_000,
    fileToken: () => 'of-files',
    ...(dataDir === undefined ? {} : { dataDir }),
    logger: {
      info: () => undefined,
      warn: (fields) => void warnings.push(String((fields as { error?: string }).error)),
    },
  });
  closers.push(
    () => edge.close(),
    () => servers.close(),
    () => watch.close(),
    () => catalog.close(),
    () => agent.close(),
  );
  await agent.start();
  const register = (body: object): Promise<void> =>
    agent.registerService(decodeServiceDefinition(body, 'api'), { replaceExistingChecks: false });
  const { view } = edge.deps.store;
  const service = (id: string) => view.get('services', serviceKey('c1', id));
  const check = (id: string) => view.get('checks', checkKey('c1', id));
  /** What was written at the server since the last time this was asked. */
  const writes = (): readonly string[] => {
    const found = link.asked.filter((line) => line.startsWith('PUT'));
    link.asked.length = 0;
    return found;
  };
  return { agent, clock, edge, link, register, service, check, view, writes, watch, warnings };
}

const settle = () => new Promise((resolve) => setTimeout(resolve, 50));

describe('the catalog of a client agent', () => {
  it('has the node with its facts, and what is registered with its checks and its sidecar', async () => {
    const { register, service, check, view } = await rig();
    expect(view.get('nodes', nodeKey('c1'))).toMatchObject({
      id: 'cccccccc-0000-4000-8000-000000000001',
      address: '10.0.0.7',
      meta: { rack: 'r1' },
      taggedAddresses: { lan: '10.0.0.7' },
    });
    await register({
      Name: 'web',
      Port: 80,
      Tags: ['a'],
      Check: { TTL: '10s', Status: 'passing' },
      Connect: { SidecarService: { Proxy: { Upstreams: [{ DestinationName: 'api', LocalBindPort: 9191 }] } } },
    });
    expect(service('web')).toMatchObject({ port: 80, tags: ['a'] });
    expect(service('web')?.proxy).toBeUndefined();
    expect(service('web-sidecar-proxy')?.proxy).toMatchObject({
      destinationServiceName: 'web',
      upstreams: [{ destinationName: 'api' }],
    });
    expect(check('service:web')).toMatchObject({ status: 'passing', type: 'ttl', serviceName: 'web' });
    await expect.poll(() => check('service:web-sidecar-proxy:2')).toMatchObject({ status: 'passing', type: 'alias' });
  });

  it('is not written to when everything is as it should be', async () => {
    const { register, clock, writes } = await rig();
    await register({
      Name: 'web',
      Port: 80,
      Check: { TTL: '10m' },
      TaggedAddresses: { wan: { Address: '1.2.3.4', Port: 5 } },
    });
    const proxy = {
      DestinationServiceName: 'web',
      DestinationServiceID: 'web',
      Config: { envoy_stats_bind_addr: '0.0.0.0:1234' },
      Upstreams: [{ DestinationName: 'api', LocalBindPort: 9191, Config: { connect_timeout_ms: 1000 } }],
    };
    await register({ Kind: 'connect-proxy', Name: 'web-proxy', Port: 21_000, Proxy: proxy });
    await register({ Kind: 'mesh-gateway', Name: 'gateway', Port: 443 });
    writes();
    await clock.advance(90_000);
    await settle();
    expect(writes()).toEqual([]);
  });

  it('gets back what somebody took away there, and loses what nobody has here', async () => {
    const { register, clock, edge, service, check, writes } = await rig();
    await register({ Name: 'web', Port: 80, Check: { TTL: '10m' } });
    await edge.ask('PUT /v1/catalog/deregister', { body: { Node: 'c1', ServiceID: 'web' } });
    await edge.ask('PUT /v1/catalog/register', {
      body: {
        Node: 'c1',
        Address: '10.0.0.7',
        SkipNodeUpdate: true,
        Service: { Service: 'ghost' },
        Checks: [
          { Name: 'stray', Status: 'passing' },
          { CheckID: 'serfHealth', Name: 'Serf Health Status', Status: 'passing' },
        ],
      },
    });
    writes();
    await clock.advance(90_000);
    const found = () => [service('web')?.port, check('service:web')?.status, service('ghost'), check('stray')];
    await expect.poll(found).toEqual([80, 'critical', undefined, undefined]);
    expect(check('serfHealth')?.status).toBe('passing');
  });

  it('keeps tags that a service leaves to it', async () => {
    const { register, clock, edge, service } = await rig();
    await register({ Name: 'web', Tags: ['a'], EnableTagOverride: true });
    const body = {
      Node: 'c1',
      SkipNodeUpdate: true,
      Service: { Service: 'web', Tags: ['b'], EnableTagOverride: true },
    };
    await edge.ask('PUT /v1/catalog/register', { body });
    await clock.advance(90_000);
    await expect.poll(() => service('web')?.tags).toEqual(['b']);
    await register({ Name: 'web', Tags: ['c'], Port: 81, EnableTagOverride: true });
    expect(service('web')).toMatchObject({ tags: ['b'], port: 81 });
  });

  it('is told later what changed while no server was there: within three seconds of the first that is', async () => {
    const { agent, register, clock, link, service, warnings } = await rig();
    link.down();
    await register({ Name: 'web', Port: 80 });
    expect([agent.services.has('web'), service('web')]).toEqual([true, undefined]);
    expect(warnings.at(-1)).toMatch(/No known Consul servers: 10\.0\.0\.1:8301 refuses connections/);
    link.up();
    // Its moment is in the middle of them.
    await clock.advance(1_500);
    await expect.poll(() => service('web')?.port).toBe(80);
  });

  it('is compared within three seconds after it was replaced by a saved one, in a moment of its own', async () => {
    const { register, clock, edge, link, service, check, writes } = await rig();
    await register({ Name: 'web', Port: 80, Check: { TTL: '10m' } });
    await edge.ask('PUT /v1/catalog/deregister', { body: { Node: 'c1' } });
    link.replaced$.next();
    writes();
    await clock.advance(1_499);
    await settle();
    expect(writes()).toEqual([]);
    await clock.advance(1);
    await expect.poll(() => [service('web')?.port, check('service:web')?.status]).toEqual([80, 'critical']);
  });

  it('takes the rest when one service is refused', async () => {
    const { agent, register, link, service, warnings, clock } = await rig();
    link.down();
    await register({ Name: 'good', Port: 80 });
    await register({ Name: 'bad', Port: 81 });
    const real = link.answer;
    link.answer = (request) =>
      request.text.includes('"bad"')
        ? real({ ...request, path: '/v1/catalog/register', text: '{"Node":""}' })
        : real(request);
    link.up();
    await clock.advance(3_000);
    await expect.poll(() => [service('good')?.port, service('bad')]).toEqual([80, undefined]);
    expect(agent.services.has('bad')).toBe(true);
    await expect.poll(() => warnings.at(-1)).toMatch(/Must provide node/);
  });

  it('tells which ports checks are let through by, and knows central configuration', async () => {
    const { agent, register, edge, check, watch } = await rig();
    await register({
      Name: 'web',
      Port: 80,
      Check: { CheckID: 'h', HTTP: 'http://127.0.0.1:8080/health', Interval: '10s' },
      Connect: { SidecarService: {} },
    });
    const body = { Kind: 'service-defaults', Name: 'web', Protocol: 'http', Expose: { Checks: true } };
    await edge.ask('PUT /v1/config', { body });
    await expect.poll(() => check('h')?.exposedPort).toBe(21_500);
    expect(check('h')?.exposed).toEqual({ path: '/health', port: 8080, protocol: 'http' });
    const sidecar = agent.services.get('web-sidecar-proxy');
    expect(sidecar && watch.merged(sidecar).proxy?.config).toMatchObject({ protocol: 'http' });
  });

  it('shows an alias of another node what that node is like', async () => {
    const { agent, edge, check } = await rig();
    const remote = (Status: string) => ({
      body: {
        Node: 'n2',
        Address: '10.0.0.8',
        Service: { Service: 'db' },
        Check: { CheckID: 'alive', Name: 'alive', ServiceID: 'db', Status },
      },
    });
    await edge.ask('PUT /v1/catalog/register', remote('passing'));
    await agent.registerCheck({
      ...decodeServiceDefinition({ Name: 'x', Check: { AliasNode: 'n2', AliasService: 'db' } }, 'api').checks[0]!,
      checkId: 'mirror',
      name: 'mirror',
    });
    await expect.poll(() => check('mirror')?.status).toBe('passing');
    await edge.ask('PUT /v1/catalog/register', remote('critical'));
    await expect.poll(() => check('mirror')?.status).toBe('critical');
    // What an alias there shows may be this very check: it is not looked at.
    const back = { CheckID: 'back', Name: 'back', ServiceID: 'db', Type: 'alias', Status: 'critical' };
    await edge.ask('PUT /v1/catalog/register', { body: { Node: 'n2', SkipNodeUpdate: true, Check: back } });
    await edge.ask('PUT /v1/catalog/register', remote('passing'));
    await expect.poll(() => check('mirror')?.status).toBe('passing');
  });
});

describe('the token that a service was registered with', () => {
  /** Who told the servers what since this was asked last: the token, and the names in it. */
  const told = (link: FakeLink): Record<string, unknown> =>
    Object.fromEntries(
      link.requests.splice(0).flatMap(({ method, headers, body }) => {
        const { Service, ServiceID, Checks, CheckID } = JSON.parse(
          method === 'PUT' ? Buffer.from(body as Uint8Array).toString() : '{}',
        ) as { Service?: { ID: string }; ServiceID?: string; CheckID?: string; Checks?: { CheckID: string }[] };
        const names = [Service?.ID, ServiceID, CheckID, ...(Checks ?? []).map((check) => check.CheckID)];
        return names.flatMap((name) => (name ? [[name, headers['x-consul-token']]] : []));
      }),
    );

  it('tells the servers of it, of its checks and of its sidecar, and takes it from there', async () => {
    const { agent, link, register } = await rig();
    await register({ Name: 'web', Token: 'of-web', Check: { TTL: '10m' }, Connect: { SidecarService: {} } });
    await register({ Name: 'api' });
    await agent.registerCheck(
      decodeCheckDefinition({ Name: 'disk', ServiceID: 'web', TTL: '10m', Token: 'of-disk' }, 'api'),
    );
    expect(told(link)).toMatchObject({
      web: 'of-web',
      'service:web': 'of-web',
      'web-sidecar-proxy': 'of-web',
      disk: 'of-disk',
      api: 'own',
    });
    await agent.deregisterService('web');
    expect(told(link)).toMatchObject({ web: 'of-web', 'web-sidecar-proxy': 'of-web', disk: 'of-disk' });
  });

  it('is kept over a restart, in a file that nobody else can read', async () => {
    const dataDir = mkdtempSync(join(tmpdir(), 'meshwright-tokens-'));
    closers.push(() => rmSync(dataDir, { recursive: true }));
    const before = await rig({}, dataDir);
    await before.register({ Name: 'web', Token: 'of-web', Check: { TTL: '10m' } });
    const files = ['services', 'checks'].flatMap((folder) =>
      readdirSync(join(dataDir, folder)).map((file) => statSync(join(dataDir, folder, file)).mode & 0o777),
    );
    expect(files).toEqual([0o600, 0o600]);
    await before.agent.close();
    const after = await rig({}, dataDir);
    expect(told(after.link)).toMatchObject({ web: 'of-web', 'service:web': 'of-web' });
  });

  it('is the one for configured services where a configured one has none', async () => {
    const { agent, link } = await rig();
    const services = [{ Name: 'web' }, { Name: 'api', Token: 'of-api' }];
    await agent.configure({ services: services.map((body) => decodeServiceDefinition(body, 'api')), checks: [] });
    expect(told(link)).toMatchObject({ web: 'of-files', api: 'of-api' });
  });
});
