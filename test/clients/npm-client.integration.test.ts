import Consul from 'consul';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type ClientAgent, healthyInstance, startClientAgent } from './support/client-agent.js';

/** What programs do with the `consul` package of npm, unmodified. */

let agent: ClientAgent;
let consul: Consul;
beforeAll(async () => {
  agent = await startClientAgent();
  consul = new Consul({ host: '127.0.0.1', port: agent.http });
});
afterAll(() => agent.stop());

/** The next thing a watch of the client says. */
function nextChange(watch: ReturnType<Consul['watch']>): Promise<unknown> {
  return new Promise((resolve, reject) => {
    watch.once('change', (data: unknown) => resolve(data));
    watch.once('error', reject);
  });
}

describe("npm's consul client", () => {
  test('writes, reads, lists and deletes keys', async () => {
    expect(await consul.kv.set('npm/a', 'one')).toBe(true);
    expect(await consul.kv.get('npm/a')).toMatchObject({ Key: 'npm/a', Value: 'one' });
    expect(await consul.kv.get('npm/none')).toBeUndefined();
    expect(await consul.kv.set({ key: 'npm/a', value: 'two', cas: 1 })).toBeFalsy();
    await consul.kv.set('npm/b/c', 'three');
    expect(await consul.kv.keys('npm/')).toEqual(['npm/a', 'npm/b/c']);
    await consul.kv.del({ key: 'npm/', recurse: true });
    expect(await consul.kv.get({ key: 'npm/', recurse: true })).toBeUndefined();
  });

  test('registers a service with a TTL check that it keeps alive', async () => {
    await consul.agent.service.register({ name: 'npm-web', id: 'npm-1', port: 80, check: { ttl: '30s' } } as never);
    await consul.agent.check.pass('service:npm-1');
    const healthy = async (): Promise<number> => {
      const found = (await consul.health.service({ service: 'npm-web', passing: true })) as unknown[];
      return found.length;
    };
    await expect.poll(healthy, { timeout: 10_000 }).toBe(1);
    await consul.agent.service.deregister('npm-1');
    await expect.poll(healthy, { timeout: 10_000 }).toBe(0);
  });

  test('locks a key with a session', async () => {
    const { ID } = await consul.session.create({ ttl: '15s' });
    expect(await consul.kv.set({ key: 'npm/lock', value: 'me', acquire: ID })).toBe(true);
    const other = await consul.session.create({ ttl: '15s' });
    expect(await consul.kv.set({ key: 'npm/lock', value: 'other', acquire: other.ID })).toBeFalsy();
    expect(await consul.kv.set({ key: 'npm/lock', value: 'me', release: ID })).toBe(true);
    await consul.session.destroy(ID);
    await consul.session.destroy(other.ID);
  });

  test('watches a service: told at once, and when an instance comes', async () => {
    await agent.put('/v1/catalog/register', healthyInstance('npm-watched', 1));
    const watch = consul.watch({ method: consul.health.service, options: { service: 'npm-watched' } });
    try {
      expect(await nextChange(watch)).toHaveLength(1);
      const next = nextChange(watch);
      await agent.put('/v1/catalog/register', healthyInstance('npm-watched', 2));
      expect(await next).toHaveLength(2);
    } finally {
      watch.end();
    }
  });

  test('answers what the catalog knows', async () => {
    await agent.put('/v1/catalog/register', healthyInstance('npm-catalog', 1));
    expect(await consul.catalog.datacenters()).toEqual(['dc1']);
    expect(await consul.catalog.service.list()).toMatchObject({ 'npm-catalog': ['v1'] });
    expect(await consul.catalog.service.nodes('npm-catalog')).toMatchObject([{ ServicePort: 8_001 }]);
    expect(await consul.status.leader()).toMatch(/:\d+$/);
  });
});
