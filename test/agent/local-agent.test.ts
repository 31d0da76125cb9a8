import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { createLocalAgent, createStoreCatalog } from '../../src/agent/index.js';
import { checkKey, serviceKey } from '../../src/model/index.js';
import { decodeCheckDefinition, decodeServiceDefinition } from '../../src/model/definitions/index.js';
import { createMemoryBackend, createStateStore, type StateStore } from '../../src/state/index.js';
import { ManualClock } from './support/manual-clock.js';

const closers: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

interface RigOptions {
  readonly dataDir?: string;
  readonly store?: StateStore;
  readonly node?: string;
  readonly ports?: { from: number; to: number };
  readonly commands?: 'nowhere' | 'files' | 'everywhere';
}

function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'agent-'));
  closers.push(() => rmSync(folder, { recursive: true }));
  return folder;
}

async function rig(options: RigOptions = {}) {
  const warnings: string[] = [];
  const clock = new ManualClock();
  const store = options.store ?? createStateStore({ backend: createMemoryBackend(), clock });
  await store.ready;
  const facts = {
    node: options.node ?? 'n1',
    id: '',
    address: '10.0.0.9',
    datacenter: 'dc1',
    taggedAddresses: {},
    meta: {},
  };
  const agent = createLocalAgent({
    catalog: createStoreCatalog(store, facts),
    clock,
    random: () => 0.5,
    facts,
    sidecarPorts: options.ports ?? { from: 21_000, to: 21_255 },
    exposePorts: { from: 21_500, to: 21_755 },
    checkOutputMaxSize: 4096,
    discardCheckOutput: false,
    commandChecks: options.commands ?? 'nowhere',
    checkUpdateIntervalMs: 0,
    logger: { info: () => undefined, warn: (_fields, text) => void warnings.push(text) },
    ...(options.dataDir === undefined ? {} : { dataDir: options.dataDir }),
  });
  await agent.start();
  closers.push(() => agent.close());
  const register = (body: object, replaceExistingChecks = false): Promise<void> =>
    agent.registerService(decodeServiceDefinition(body, 'api'), { replaceExistingChecks });
  const stored = (id: string) => store.view.get('services', serviceKey(facts.node, id));
  const status = (id: string) => store.view.get('checks', checkKey(facts.node, id))?.status;
  return { agent, clock, store, register, stored, status, warnings };
}

describe('a registration', () => {
  it('is in the catalog when it is answered, with its checks', async () => {
    const { register, stored, status } = await rig();
    await register({ Name: 'web', Port: 80, Check: { TTL: '10s' } });
    expect(stored('web')).toMatchObject({ service: 'web', port: 80, node: 'n1' });
    expect(status('service:web')).toBe('critical');
  });

  it('brings a sidecar with defaults: name, port, target, two checks', async () => {
    const { agent, register, stored, status } = await rig();
    await register({ Name: 'web', ID: 'web1', Port: 80, Tags: ['a'], Connect: { SidecarService: {} } });
    expect(stored('web1-sidecar-proxy')).toMatchObject({
      kind: 'connect-proxy',
      service: 'web-sidecar-proxy',
      port: 21_000,
      tags: ['a'],
      proxy: {
        destinationServiceName: 'web',
        destinationServiceId: 'web1',
        localServiceAddress: '127.0.0.1',
        localServicePort: 80,
      },
    });
    expect(agent.checks.get('service:web1-sidecar-proxy:1')?.name).toBe('Connect Sidecar Listening');
    expect(status('service:web1-sidecar-proxy:2')).toBe('passing');
  });

  it('keeps the port of its sidecar when it comes again, and gives no port twice', async () => {
    const { register, stored } = await rig();
    await register({ Name: 'a', Connect: { SidecarService: {} } });
    await register({ Name: 'b', Connect: { SidecarService: {} } });
    await register({ Name: 'a', Port: 5, Connect: { SidecarService: {} } });
    expect([stored('a-sidecar-proxy')?.port, stored('b-sidecar-proxy')?.port]).toEqual([21_000, 21_001]);
  });

  it('is refused whole when no port is left for its sidecar', async () => {
    const { agent, register } = await rig({ ports: { from: 25_000, to: 25_000 } });
    await register({ Name: 'a', Connect: { SidecarService: {} } });
    await expect(register({ Name: 'c', Connect: { SidecarService: {} } })).rejects.toThrow(
      /none left in the configured range/,
    );
    expect(agent.services.has('c')).toBe(false);
  });

  it('takes its checks along only when it is asked to', async () => {
    const { agent, register } = await rig();
    await register({ Name: 'web', Check: { TTL: '10s' } });
    await register({ Name: 'web', Port: 81 });
    expect(agent.checks.size).toBe(1);
    await register({ Name: 'web', Port: 82 }, true);
    expect(agent.checks.size).toBe(0);
  });

  it('goes with its sidecar and all checks', async () => {
    const { agent, register, stored } = await rig();
    await register({ Name: 'web', Check: { TTL: '10s' }, Connect: { SidecarService: {} } });
    await agent.deregisterService('web');
    expect([agent.services.size, agent.checks.size, stored('web'), stored('web-sidecar-proxy')]).toEqual([
      0,
      0,
      undefined,
      undefined,
    ]);
    await expect(agent.deregisterService('web')).rejects.toThrow(/Unknown service ID "web"/);
  });
});

describe('a check', () => {
  it('pushed by the application is in the catalog when it is answered', async () => {
    const { agent, register, status } = await rig();
    await register({ Name: 'web', Check: { TTL: '10s', CheckID: 'alive' } });
    await agent.updateTtlCheck('alive', 'passing', 'fine');
    expect(status('alive')).toBe('passing');
    await expect(agent.updateTtlCheck('other', 'passing', '')).rejects.toThrow(/Unknown check ID "other"/);
  });

  it('that expires makes its service critical, and the sidecar that mirrors it', async () => {
    const { agent, clock, register, status } = await rig();
    await register({
      Name: 'web',
      Check: { TTL: '10s', CheckID: 'alive', Status: 'passing' },
      Connect: { SidecarService: {} },
    });
    expect(status('service:web-sidecar-proxy:2')).toBe('passing');
    await clock.advance(10_001);
    expect([agent.checks.get('alive')?.status, agent.checks.get('service:web-sidecar-proxy:2')?.status]).toEqual([
      'critical',
      'critical',
    ]);
  });

  it('critical for too long takes its service away', async () => {
    const { agent, clock, register } = await rig();
    await register({ Name: 'web', Check: { TTL: '10s', DeregisterCriticalServiceAfter: '90s' } });
    await clock.advance(80_000);
    expect(agent.services.has('web')).toBe(true);
    await clock.advance(60_000);
    expect(agent.services.has('web')).toBe(false);
  });

  it('of a service that is not there is refused', async () => {
    const { agent } = await rig();
    const definition = decodeCheckDefinition({ Name: 'x', TTL: '10s', ServiceID: 'ghost' }, 'api');
    await expect(agent.registerCheck(definition)).rejects.toThrow('ServiceID "ghost" does not exist');
  });
});

describe('maintenance', () => {
  it('is a critical check that goes when it ends; asking twice changes nothing', async () => {
    const { agent, register, status } = await rig();
    await register({ Name: 'web' });
    await agent.setServiceMaintenance('web', true, 'disk');
    await agent.setServiceMaintenance('web', true, 'other');
    expect(agent.checks.get('_service_maintenance:web')).toMatchObject({ status: 'critical', notes: 'disk' });
    expect(status('_service_maintenance:web')).toBe('critical');
    await agent.setServiceMaintenance('web', false, '');
    expect(status('_service_maintenance:web')).toBeUndefined();
  });
});

describe('a restart', () => {
  it('brings back services, sidecars and the state of checks from the data directory', async () => {
    const dataDir = mkdtempSync(join(tmpdir(), 'agent-'));
    closers.push(() => rmSync(dataDir, { recursive: true }));
    const before = await rig({ dataDir });
    await before.register({
      Name: 'web',
      Port: 80,
      Check: { TTL: '10s', CheckID: 'alive' },
      Connect: { SidecarService: {} },
    });
    await before.agent.updateTtlCheck('alive', 'passing', 'fine');
    await before.agent.close();
    const after = await rig({ dataDir });
    expect(after.stored('web-sidecar-proxy')?.port).toBe(21_000);
    expect(after.agent.checks.get('alive')).toMatchObject({ status: 'passing', output: 'fine', serviceName: 'web' });
  });
});

describe('the copy in the catalog', () => {
  it('is mended when somebody takes a local service away, and loses what the agent does not know', async () => {
    const { clock, register, store, stored } = await rig();
    await register({ Name: 'web', Port: 80 });
    const record = stored('web');
    await store.transact('foreign', (transaction) => {
      transaction.delete('services', serviceKey('n1', 'web'));
      if (record) {
        const { createIndex: _created, modifyIndex: _modified, ...draft } = record;
        transaction.put('services', { ...draft, id: 'stray', service: 'stray' });
      }
    });
    // A minute, and half of another by chance: agents that began together do not compare together.
    await clock.advance(89_000);
    expect(stored('web')).toBeUndefined();
    await clock.advance(2_000);
    expect([stored('web')?.port, stored('stray')]).toEqual([80, undefined]);
  });
});

const service = (body: object) => decodeServiceDefinition(body, 'file');
const check = (body: object) => decodeCheckDefinition(body, 'file');

describe('the configuration', () => {
  it('takes away at a reload what it no longer has, and nothing that was registered over the API', async () => {
    const { agent, register } = await rig();
    await register({ Name: 'api' });
    await agent.configure({
      services: [service({ name: 'one', connect: { sidecar_service: {} } }), service({ name: 'two' })],
      checks: [check({ name: 'node', ttl: '1m' }), check({ name: 'of-api', ttl: '1m', service_id: 'api' })],
    });
    expect([...agent.services.keys()].sort()).toEqual(['api', 'one', 'one-sidecar-proxy', 'two']);
    await agent.configure({ services: [service({ name: 'two' })], checks: [] });
    expect([...agent.services.keys()].sort()).toEqual(['api', 'two']);
    expect(agent.checks.size).toBe(0);
  });

  it('brings back at a reload what was deregistered', async () => {
    const { agent } = await rig();
    const configured = { services: [service({ name: 'one' })], checks: [] };
    await agent.configure(configured);
    await agent.deregisterService('one');
    await agent.configure(configured);
    expect(agent.services.has('one')).toBe(true);
  });

  it('that lost a service while the agent was away is what counts', async () => {
    const dataDir = temporaryFolder();
    const before = await rig({ dataDir });
    await before.agent.configure({ services: [service({ name: 'one' })], checks: [] });
    await before.agent.close();
    const after = await rig({ dataDir });
    await after.agent.configure({ services: [], checks: [] });
    expect([after.agent.services.size, after.stored('one')]).toEqual([0, undefined]);
  });
});

describe('checks that run commands', () => {
  const script = { name: 's', args: ['/bin/true'], interval: '10s' };

  it.each([
    ['nowhere', 'api', false],
    ['nowhere', 'file', false],
    ['files', 'api', false],
    ['files', 'file', true],
    ['everywhere', 'api', true],
    ['everywhere', 'file', true],
  ] as const)('allowed %s, from %s: %s', async (commands, origin, isTaken) => {
    const { agent } = await rig({ commands });
    const registered =
      origin === 'api'
        ? agent.registerCheck(check(script))
        : agent.configure({ services: [], checks: [check(script)] });
    if (isTaken) await registered;
    else await expect(registered).rejects.toThrow(/Scripts are disabled on this agent/);
    expect(agent.checks.has('s')).toBe(isTaken);
  });

  it('inside a service refuse it whole', async () => {
    const { agent, register } = await rig({ commands: 'files' });
    const body = { Name: 'web', Check: { Args: ['x'], Interval: '1s' } };
    await expect(register(body)).rejects.toThrow(/from remote calls/);
    expect(agent.services.size).toBe(0);
  });

  it('are not run after a restart that no longer allows them', async () => {
    const dataDir = temporaryFolder();
    const before = await rig({ dataDir, commands: 'everywhere' });
    await before.agent.registerCheck(check(script));
    await before.agent.close();
    const after = await rig({ dataDir });
    expect(after.agent.checks.size).toBe(0);
    expect(after.warnings.join()).toContain('Scripts are disabled');
  });
});

describe('what is registered again', () => {
  it('keeps the status of its checks, and its maintenance', async () => {
    const { agent, register } = await rig();
    const body = { Name: 'web', Check: { TTL: '10s', CheckID: 'alive' } };
    await register(body);
    await agent.updateTtlCheck('alive', 'passing', 'fine');
    await agent.setServiceMaintenance('web', true, 'disk');
    await register({ ...body, Port: 81 }, true);
    expect(agent.checks.get('alive')).toMatchObject({ status: 'passing', output: 'fine' });
    expect(agent.checks.has('_service_maintenance:web')).toBe(true);
  });
});

describe('the data directory', () => {
  it('keeps maintenance until it is ended', async () => {
    const dataDir = temporaryFolder();
    const before = await rig({ dataDir });
    await before.register({ Name: 'web' });
    await before.agent.setServiceMaintenance('web', true, 'disk');
    await before.agent.setNodeMaintenance(true, 'all of it');
    await before.agent.close();
    const after = await rig({ dataDir });
    expect(after.agent.checks.get('_service_maintenance:web')).toMatchObject({ notes: 'disk', serviceName: 'web' });
    expect(after.agent.checks.get('_node_maintenance')).toMatchObject({ notes: 'all of it' });
    await after.agent.setNodeMaintenance(false, '');
    await after.agent.deregisterService('web');
    await after.agent.close();
    expect((await rig({ dataDir })).agent.checks.size).toBe(0);
  });

  it.each(['', '{', 'null', '[]', '{}', '{"definition":{"id":7}}', '{"definition":null}'])(
    'sets a damaged file aside, names it, and reads all others: %j',
    async (content) => {
      const dataDir = temporaryFolder();
      const before = await rig({ dataDir });
      await before.register({ Name: 'web', Check: { TTL: '10s' } });
      await before.agent.close();
      for (const folder of ['services', 'checks', 'check-states', 'maintenance'])
        writeFileSync(join(dataDir, folder, 'bad.json'), content);
      const after = await rig({ dataDir });
      expect(after.stored('web')).toBeDefined();
      expect(after.agent.checks.size).toBe(1);
      for (const folder of ['services', 'checks', 'check-states', 'maintenance']) {
        expect(after.warnings.join()).toContain(join(dataDir, folder, 'bad.json'));
        expect(readdirSync(join(dataDir, folder))).toContain('bad.damaged');
      }
    },
  );

  it('that cannot be written to refuses a registration whole', async () => {
    const dataDir = temporaryFolder();
    const { agent, register } = await rig({ dataDir });
    rmSync(join(dataDir, 'services'), { recursive: true });
    await expect(register({ Name: 'web' })).rejects.toMatchObject({ code: 'unavailable' });
    expect(agent.services.size).toBe(0);
  });

  it('lets a TTL run out that ran out while the agent was away', async () => {
    const dataDir = temporaryFolder();
    const before = await rig({ dataDir });
    await before.register({ Name: 'web', Check: { TTL: '10s', CheckID: 'alive' } });
    await before.agent.updateTtlCheck('alive', 'passing', 'fine');
    await before.agent.close();
    const after = await rig({ dataDir });
    await after.clock.advance(10_001);
    expect(after.agent.checks.get('alive')).toMatchObject({
      status: 'critical',
      output: 'TTL expired (last output before timeout follows): fine',
    });
  });
});

describe('a name that DNS cannot have', () => {
  it.each(['under_score', 'a.b', 'x'.repeat(64)])('%s is registered with a warning', async (name) => {
    const { register, stored, warnings } = await rig();
    await register({ Name: name });
    expect(stored(name)).toBeDefined();
    expect(warnings.join()).toContain('cannot be found by DNS');
  });
});

describe('aliases', () => {
  const alias = (of: string) => decodeCheckDefinition({ Name: `as ${of}`, ID: `as-${of}`, AliasService: of }, 'api');
  const aliasOf = async (of: string, serviceId: string, agent: Awaited<ReturnType<typeof rig>>['agent']) =>
    agent.registerCheck({ ...alias(of), checkId: `${serviceId}-as-${of}`, serviceId });

  it('that mirror each other are as well as what there is besides them', async () => {
    const { agent, register, status } = await rig();
    await register({ Name: 'a', Check: { TTL: '10s', Status: 'passing' } });
    await register({ Name: 'b' });
    await aliasOf('b', 'a', agent);
    await aliasOf('a', 'b', agent);
    await new Promise(setImmediate);
    expect([status('a-as-b'), status('b-as-a')]).toEqual(['passing', 'passing']);
    await agent.updateTtlCheck('service:a', 'critical', 'down');
    await new Promise(setImmediate);
    expect([status('a-as-b'), status('b-as-a')]).toEqual(['critical', 'critical']);
    await agent.updateTtlCheck('service:a', 'passing', 'up');
    await new Promise(setImmediate);
    expect([status('a-as-b'), status('b-as-a')]).toEqual(['passing', 'passing']);
  });

  it('of aliases see what is at the end of the way, and that something on it is missing', async () => {
    const { agent, register, status } = await rig();
    for (const name of ['a', 'b', 'c']) await register({ Name: name });
    await register({ Name: 'd', Check: { TTL: '10s', Status: 'warning' } });
    await aliasOf('b', 'a', agent);
    await aliasOf('c', 'b', agent);
    await aliasOf('d', 'c', agent);
    await new Promise(setImmediate);
    expect(status('a-as-b')).toBe('warning');
    await agent.deregisterService('d');
    await new Promise(setImmediate);
    expect([status('a-as-b'), agent.checks.get('a-as-b')?.output]).toEqual([
      'critical',
      'Aliased check "as d" failing: Service d could not be found on node n1',
    ]);
  });

  const ofOther = (id: string, node: string, service: string) =>
    decodeCheckDefinition({ ID: id, Name: id, AliasNode: node, AliasService: service }, 'api');

  it('of two nodes that mirror each other do not keep each other critical', async () => {
    const one = await rig();
    const two = await rig({ store: one.store, node: 'n2' });
    await one.register({ Name: 'a', Check: { TTL: '10s', Status: 'passing' } });
    await two.register({ Name: 'b' });
    await one.agent.registerCheck({ ...ofOther('a-as-b', 'n2', 'b'), serviceId: 'a' });
    await two.agent.registerCheck({ ...ofOther('b-as-a', 'n1', 'a'), serviceId: 'b' });
    await expect.poll(() => two.status('b-as-a')).toBe('passing');
    await one.agent.updateTtlCheck('service:a', 'critical', 'down');
    await expect.poll(() => two.status('b-as-a')).toBe('critical');
    await one.agent.updateTtlCheck('service:a', 'passing', 'up');
    await expect.poll(() => two.status('b-as-a')).toBe('passing');
    expect(one.status('a-as-b')).toBe('passing');
  });

  it('of a proxy of another node see how the service behind it is', async () => {
    const one = await rig();
    const two = await rig({ store: one.store, node: 'n2' });
    await two.register({ Name: 'b', Check: { TTL: '10s', Status: 'passing' } });
    const proxy = { DestinationServiceName: 'b', DestinationServiceID: 'b' };
    await two.register({ Kind: 'connect-proxy', Name: 'b-proxy', Port: 1, Proxy: proxy });
    await one.agent.registerCheck(ofOther('mirror', 'n2', 'b-proxy'));
    await expect.poll(() => one.status('mirror')).toBe('passing');
    await two.agent.updateTtlCheck('service:b', 'warning', 'slow');
    await expect.poll(() => one.status('mirror')).toBe('warning');
    expect(one.agent.checks.get('mirror')?.output).toMatch(/^Aliased check ".*" failing: slow$/);
  });
});
