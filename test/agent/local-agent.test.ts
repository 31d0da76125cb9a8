import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { createLocalAgent } from '../../src/agent/index.js';
import { checkKey, serviceKey } from '../../src/model/index.js';
import { decodeCheckDefinition, decodeServiceDefinition } from '../../src/model/definitions/index.js';
import { createMemoryBackend, createStateStore, type StateStore } from '../../src/state/index.js';
import { ManualClock } from './support/manual-clock.js';

const closers: (() => Promise<void> | void)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function rig(options: { dataDir?: string; store?: StateStore; ports?: { from: number; to: number } } = {}) {
  const clock = new ManualClock();
  const store = options.store ?? createStateStore({ backend: createMemoryBackend(), clock });
  await store.ready;
  const agent = createLocalAgent({
    store,
    clock,
    random: () => 0.5,
    facts: { node: 'n1', id: '', address: '10.0.0.9', datacenter: 'dc1', taggedAddresses: {}, meta: {} },
    sidecarPorts: options.ports ?? { from: 21_000, to: 21_255 },
    exposePorts: { from: 21_500, to: 21_755 },
    checkOutputMaxSize: 4096,
    discardCheckOutput: false,
    commandChecks: 'nowhere',
    checkUpdateIntervalMs: 0,
    logger: { info: () => undefined, warn: () => undefined },
    ...(options.dataDir === undefined ? {} : { dataDir: options.dataDir }),
  });
  await agent.start();
  closers.push(() => agent.close());
  const register = (body: object, replaceExistingChecks = false): Promise<void> =>
    agent.registerService(decodeServiceDefinition(body, 'api'), { replaceExistingChecks });
  const stored = (id: string) => store.view.get('services', serviceKey('n1', id));
  const status = (id: string) => store.view.get('checks', checkKey('n1', id))?.status;
  return { agent, clock, store, register, stored, status };
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
    await clock.advance(61_000);
    expect([stored('web')?.port, stored('stray')]).toEqual([80, undefined]);
  });
});
