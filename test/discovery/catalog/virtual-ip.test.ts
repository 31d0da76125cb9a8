import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { systemClock } from '../../../src/core/index.js';
import {
  type CatalogRegistration,
  assignManualVirtualIps,
  deregisterFromCatalog,
  ensureVirtualIp,
  registerInCatalog,
} from '../../../src/discovery/catalog/index.js';
import { deleteConfigEntry, writeConfigEntry } from '../../../src/discovery/config/index.js';
import { decodeConfigEntry } from '../../../src/model/index.js';
import { type StateStore, createMemoryBackend, createStateStore } from '../../../src/state/index.js';

let store: StateStore;
beforeEach(async () => {
  store = createStateStore({ backend: createMemoryBackend(), clock: systemClock });
  await store.ready;
});
afterEach(() => store.close());

const native = (node: string, name: string): CatalogRegistration => ({
  node,
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
    connect: { native: true },
  },
  checks: [],
});
const register = (node: string, name: string) => registerInCatalog(store, native(node, name));
const remove = (node: string, serviceId: string) => deregisterFromCatalog(store, { node, serviceId, checkId: '' });
const ipOf = (name: string): string | undefined => store.view.get('virtual-ips', name)?.ip;

describe('virtual IPs', () => {
  test('are not for a service without a name, whose record counts those that were given out', async () => {
    await register('a', 'web');
    await register('a', 'api');
    await remove('a', 'web');
    await expect(register('b', '')).rejects.toThrow();
    await store.transact('test', (transaction) => {
      expect(() => ensureVirtualIp(transaction, '')).toThrow('a service without a name has no virtual IP');
    });
    expect(ipOf('')).toBe('240.0.0.2');
  });

  test('are given out in order, one to a name, however many instances it has', async () => {
    await register('a', 'web');
    await register('b', 'web');
    await register('a', 'api');
    expect([ipOf('web'), ipOf('api')]).toEqual(['240.0.0.1', '240.0.0.2']);
  });

  test('come back when the last instance goes, and are used again first', async () => {
    await register('a', 'web');
    await register('b', 'web');
    await register('a', 'api');
    await remove('a', 'web');
    expect(ipOf('web')).toBe('240.0.0.1');
    await remove('b', 'web');
    expect(ipOf('web')).toBeUndefined();
    await register('a', 'db');
    await register('a', 'cache');
    expect([ipOf('db'), ipOf('cache')]).toEqual(['240.0.0.1', '240.0.0.3']);
  });

  test('stay while a config entry of that name needs them', async () => {
    await register('a', 'web');
    await writeConfigEntry(store, decodeConfigEntry({ Kind: 'service-resolver', Name: 'web' }));
    await remove('a', 'web');
    expect(ipOf('web')).toBe('240.0.0.1');
    await deleteConfigEntry(store, 'service-resolver', 'web');
    expect(ipOf('web')).toBeUndefined();
  });

  test('follow an instance that changes its name', async () => {
    await register('a', 'web');
    await registerInCatalog(store, { ...native('a', 'web'), service: { ...native('a', 'api').service!, id: 'web' } });
    expect([ipOf('web'), ipOf('api')]).toEqual([undefined, '240.0.0.2']);
  });

  test('are the same for everybody who asks at once', async () => {
    await Promise.all(Array.from({ length: 20 }, (_, at) => register(`n${at}`, `s${at % 5}`)));
    const ips = Array.from({ length: 5 }, (_, at) => ipOf(`s${at}`));
    expect(new Set(ips)).toEqual(new Set(['240.0.0.1', '240.0.0.2', '240.0.0.3', '240.0.0.4', '240.0.0.5']));
  });

  test('carry over from one octet to the next, and end with the range', async () => {
    const after = async (ip: string): Promise<string> => {
      const { result } = await store.transact('test', (transaction) => {
        transaction.put('virtual-ips', { service: '', ip, manualIps: [] });
        return ensureVirtualIp(transaction, `after ${ip}`);
      });
      return result;
    };
    expect(await after('240.0.0.255')).toBe('240.0.1.0');
    expect(await after('240.255.255.255')).toBe('241.0.0.0');
    await expect(after('255.255.255.254')).rejects.toMatchObject({ code: 'unavailable' });
  });

  test('given by hand are IPv4, at most eight, and only for known names', async () => {
    await register('a', 'web');
    const assign = (name: string, ips: string[]) =>
      store.transact('test', (transaction) => assignManualVirtualIps(transaction, name, ips));
    await expect(assign('web', ['nope'])).rejects.toThrow('"nope" is not a valid IPv4 address');
    for (const odd of ['1.2.3.256', '010.0.0.1', 'fd00::1', ''])
      await expect(assign('web', [odd])).rejects.toThrow(/not a valid IPv4 address/);
    await expect(
      assign(
        'web',
        Array.from({ length: 9 }, (_, at) => `192.0.2.${at}`),
      ),
    ).rejects.toThrow(/more than 8/);
    expect((await assign('', ['192.0.2.1'])).result).toEqual({ found: false, unassignedFrom: [] });
    expect((await assign('web', ['192.0.2.1'])).result).toEqual({ found: true, unassignedFrom: [] });
    expect(store.view.get('virtual-ips', 'web')?.manualIps).toEqual(['192.0.2.1']);
  });
});
