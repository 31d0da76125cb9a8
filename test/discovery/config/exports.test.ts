import { beforeEach, describe, expect, it } from 'vitest';
import { AppError } from '../../../src/core/index.js';
import { registerInCatalog, registrationField, toRegistration } from '../../../src/discovery/catalog/index.js';
import { deleteConfigEntry, exportedServicesCell } from '../../../src/discovery/config/index.js';
import { decode } from '../../../src/model/wire/index.js';
import type { StateStore } from '../../../src/state/index.js';
import { http, openStore, put } from './entry-store.js';

const exports = (rules: Readonly<Record<string, readonly string[]>>) => ({
  Kind: 'exported-services',
  Name: 'default',
  Services: Object.entries(rules).map(([Name, peers]) => ({ Name, Consumers: peers.map((Peer) => ({ Peer })) })),
});
const resolver = (name: string, fields: object = {}) => ({ Kind: 'service-resolver', Name: name, ...fields });

describe('exported services', () => {
  let store: StateStore;
  const register = (service: object) =>
    registerInCatalog(
      store,
      toRegistration(
        decode(registrationField, { Node: 'n', Address: '10.0.0.1', Service: service }, { what: 'x' }),
        'dc1',
      ),
    );
  const resolved = () => store.read(exportedServicesCell, '').value;
  const refusal = (write: Promise<unknown>) =>
    write.then(
      () => 'taken',
      (thrown: unknown) => AppError.from(thrown).message,
    );

  beforeEach(async () => {
    store = await openStore();
  });

  it('are listed by name, rules about one and about all of them together', async () => {
    for (const name of ['web', 'api', 'consul']) await register({ Service: name, Port: 1 });
    await register({
      Kind: 'connect-proxy',
      Service: 'web-sidecar',
      Port: 2,
      Proxy: { DestinationServiceName: 'web' },
    });
    expect(resolved()).toEqual([]);
    await put(store, exports({ web: ['west', 'east'], '*': ['east', 'south'], absent: ['east'] }));
    expect(resolved()).toEqual([
      { service: 'absent', peers: ['east'] },
      { service: 'api', peers: ['east', 'south'] },
      { service: 'web', peers: ['east', 'south', 'west'] },
    ]);
  });

  it('wake who waits for the list when a service appears that a wildcard means', async () => {
    await put(store, exports({ '*': ['east'] }));
    const { index } = store.read(exportedServicesCell, '');
    const waiting = store.query(exportedServicesCell, '', { index, waitMs: 5_000 });
    await register({ Service: 'web', Port: 1 });
    expect((await waiting).value).toEqual([{ service: 'web', peers: ['east'] }]);
  });

  it.each([
    ['a redirect', { Redirect: { Datacenter: 'dc2' } }],
    ['a failover', { Failover: { '*': { Datacenters: ['dc1', 'dc2'] } } }],
    ['a failover target', { Failover: { '*': { Targets: [{ Datacenter: 'dc2' }] } } }],
  ])('cannot have %s to another datacenter', async (_what, fields) => {
    await put(store, exports({ web: ['east'] }));
    expect(await refusal(put(store, resolver('web', fields)))).toContain(
      '"web" is exported and cannot have cross-datacenter',
    );
    expect(await refusal(put(store, resolver('other', fields)))).toBe('taken');
    expect(await refusal(put(store, exports({ '*': ['east'] })))).toContain('"other" is exported');
  });

  it('cannot have targets at a peer', async () => {
    await put(store, exports({ web: ['east'] }));
    const body = resolver('web', { Failover: { '*': { Targets: [{ Peer: 'west' }] } } });
    expect(await refusal(put(store, body))).toContain('"web" is exported and cannot have targets at peers ("west")');
  });

  it('keep their targets while they speak tcp, whichever entry would change them', async () => {
    await put(store, exports({ web: ['east'] }));
    const redirect = resolver('web', { Redirect: { Service: 'api' } });
    expect(await refusal(put(store, redirect))).toContain('new discovery chain targets like "api"');
    await deleteConfigEntry(store, 'exported-services', 'default');
    await put(store, redirect);
    await put(store, exports({ web: ['east'] }));
    expect(await refusal(put(store, resolver('api', { Redirect: { Service: 'v2' } })))).toContain('targets like "v2"');
    expect(await refusal(deleteConfigEntry(store, 'service-resolver', 'web'))).toContain('targets like "web"');
  });

  it('may be led anywhere in this mesh when they speak http', async () => {
    await put(store, http);
    await put(store, exports({ web: ['east'] }));
    expect(await refusal(put(store, resolver('web', { Redirect: { Service: 'api' } })))).toBe('taken');
  });
});
