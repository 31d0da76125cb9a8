import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { systemClock } from '../../../src/core/index.js';
import { deregisterFromCatalog, registerInCatalog } from '../../../src/discovery/catalog/index.js';
import { deleteConfigEntry, writeConfigEntry } from '../../../src/discovery/config/index.js';
import { type ServiceRecord, decodeConfigEntry, serviceKey } from '../../../src/model/index.js';
import { type StateStore, createMemoryBackend, createStateStore } from '../../../src/state/index.js';

let store: StateStore;
beforeEach(async () => {
  store = createStateStore({ backend: createMemoryBackend(), clock: systemClock });
  await store.ready;
});
afterEach(() => store.close());

const register = (name: string, more: Partial<ServiceRecord> = {}) =>
  registerInCatalog(store, {
    node: 'a',
    id: '',
    address: '10.0.0.1',
    datacenter: 'dc1',
    taggedAddresses: {},
    meta: {},
    skipNodeUpdate: false,
    service: {
      kind: '',
      id: name,
      service: name,
      tags: [],
      address: '',
      port: 80,
      socketPath: '',
      taggedAddresses: {},
      meta: {},
      weights: { passing: 1, warning: 1 },
      enableTagOverride: false,
      connect: { native: false },
      ...more,
    },
    checks: [],
  });
const gateway = (taggedAddresses: ServiceRecord['taggedAddresses'] = {}) =>
  register('out', { kind: 'terminating-gateway', port: 8443, taggedAddresses });
const remove = (serviceId: string) => deregisterFromCatalog(store, { node: 'a', serviceId, checkId: '' });
const link = (...names: readonly string[]) =>
  writeConfigEntry(
    store,
    decodeConfigEntry({ Kind: 'terminating-gateway', Name: 'out', Services: names.map((Name) => ({ Name })) }),
  );
const ipOf = (name: string): string | undefined => store.view.get('virtual-ips', name)?.ip;
const tagged = () => store.view.get('services', serviceKey('a', 'out'))?.taggedAddresses;

describe('a terminating gateway', () => {
  test('carries the virtual IPs of what it leads to, whichever is there first', async () => {
    await link('legacy', 'db');
    expect([ipOf('db'), ipOf('legacy')]).toEqual(['240.0.0.1', '240.0.0.2']);
    await gateway({ lan: { address: '10.9.9.9', port: 1 }, 'consul-virtual:forged': { address: '1.2.3.4', port: 1 } });
    expect(tagged()).toEqual({
      lan: { address: '10.9.9.9', port: 1 },
      'consul-virtual:db': { address: '240.0.0.1', port: 8443 },
      'consul-virtual:legacy': { address: '240.0.0.2', port: 8443 },
    });
  });

  test('follows its entry, and services that nothing leads to any more give their virtual IPs back', async () => {
    await gateway();
    await link('legacy', 'db');
    await link('db', 'new');
    expect(Object.keys(tagged() ?? {})).toEqual(['consul-virtual:db', 'consul-virtual:new']);
    expect(ipOf('legacy')).toBeUndefined();
    await deleteConfigEntry(store, 'terminating-gateway', 'out');
    expect([tagged(), ipOf('db'), ipOf('new')]).toEqual([{}, undefined, undefined]);
  });

  test('keeps the virtual IP of a service that it leads to when the service has no other use for one', async () => {
    await link('legacy');
    await writeConfigEntry(store, decodeConfigEntry({ Kind: 'service-resolver', Name: 'legacy' }));
    await deleteConfigEntry(store, 'service-resolver', 'legacy');
    expect(ipOf('legacy')).toBe('240.0.0.1');
  });

  test('for every service leads to those that come outside the mesh, and no longer to those that go or join it', async () => {
    await gateway();
    await link('*');
    await register('legacy');
    await register('other');
    expect(Object.keys(tagged() ?? {})).toEqual(['consul-virtual:legacy', 'consul-virtual:other']);
    await remove('legacy');
    expect([Object.keys(tagged() ?? {}), ipOf('legacy')]).toEqual([['consul-virtual:other'], undefined]);
    await register('other-2', { service: 'other', connect: { native: true } });
    expect([tagged(), ipOf('other')]).toEqual([{}, '240.0.0.2']);
  });

  test('for every service leads to destinations', async () => {
    await gateway();
    await link('*');
    const maps = { Kind: 'service-defaults', Name: 'maps', Destination: { Addresses: ['maps.example'], Port: 443 } };
    await writeConfigEntry(store, decodeConfigEntry(maps));
    expect(Object.keys(tagged() ?? {})).toEqual(['consul-virtual:maps']);
    await deleteConfigEntry(store, 'service-defaults', 'maps');
    expect([tagged(), ipOf('maps')]).toEqual([{}, undefined]);
  });
});
