import { beforeEach, describe, expect, it } from 'vitest';
import { AppError } from '../../../src/core/index.js';
import {
  CONFIG_ENTRIES_FAMILY,
  applyConfigEntry,
  configEntryCell,
  configEntryListCell,
  configEntryListKey,
  deleteConfigEntry,
  discoveryChainQueryCell,
  encodeConfigEntryRecord,
} from '../../../src/discovery/config/index.js';
import { chainKey } from '../../../src/mesh/discovery-chain/index.js';
import { configEntryKey, decodeConfigEntry } from '../../../src/model/index.js';
import type { StateStore } from '../../../src/state/index.js';
import { http, intentionsBody, openStore, put } from './entry-store.js';

const defaults = (name: string, fields: object = {}) => ({ Kind: 'service-defaults', Name: name, ...fields });
const resolver = (name: string, fields: object = {}) => ({ Kind: 'service-resolver', Name: name, ...fields });
const splitter = (name: string, ...services: readonly string[]) => ({
  Kind: 'service-splitter',
  Name: name,
  Splits: services.map((Service) => ({ Service, Weight: 100 / services.length })),
});

describe('writing config entries', () => {
  let store: StateStore;
  const read = (kind: string, name: string) => store.read(configEntryCell, configEntryKey(kind, name));

  beforeEach(async () => {
    store = await openStore();
  });

  it('shows what was written, with hash and indexes', async () => {
    await put(store, defaults('web', { Protocol: 'HTTP' }));
    const { value, index } = read('service-defaults', 'web');
    expect(value && encodeConfigEntryRecord(value)).toEqual({
      Kind: 'service-defaults',
      Name: 'web',
      Protocol: 'http',
      TransparentProxy: {},
      MeshGateway: {},
      Expose: {},
      Hash: expect.any(BigInt) as bigint,
      CreateIndex: index,
      ModifyIndex: index,
    });
  });

  it('lists the entries of a kind by name, and all entries', async () => {
    for (const name of ['b', 'a']) await put(store, defaults(name));
    await put(store, http);
    const names = (key: string) => store.read(configEntryListCell, key).value.map(({ entry }) => entry.name);
    expect(names(configEntryListKey('service-defaults'))).toEqual(['a', 'b']);
    expect(names(configEntryListKey())).toEqual(['global', 'a', 'b']);
    expect(names(configEntryListKey('service-router'))).toEqual([]);
  });

  it('gives answers about absent entries the index of the newest write to any entry', async () => {
    await put(store, resolver('one'));
    const before = read('service-defaults', 'none').index;
    await put(store, resolver('two'));
    expect(read('service-defaults', 'none').index).toBeGreaterThan(before);
  });

  it('does not write an equal entry', async () => {
    await put(store, defaults('web', { Protocol: 'http' }));
    const { index } = store;
    expect(await put(store, defaults('web', { Protocol: 'http' }))).toBe(true);
    expect(store.index).toBe(index);
  });

  it('tells routes that were never given from an empty list of routes', async () => {
    await put(store, http);
    await put(store, { Kind: 'service-router', Name: 'web' });
    const before = read('service-router', 'web').value;
    await put(store, { Kind: 'service-router', Name: 'web', Routes: [] });
    const after = read('service-router', 'web').value;
    expect(after?.modifyIndex).toBeGreaterThan(before?.modifyIndex ?? 0);
    expect(after?.hash).toBe(before?.hash);
  });

  describe('under a condition', () => {
    it('writes only while the index is the one that was read', async () => {
      expect(await put(store, defaults('web'), 99)).toBe(false);
      expect(await put(store, defaults('web'), 0)).toBe(true);
      expect(await put(store, defaults('web', { Protocol: 'http' }), 0)).toBe(false);
      const index = read('service-defaults', 'web').value?.modifyIndex ?? 0;
      expect(await put(store, defaults('web', { Protocol: 'http' }), index)).toBe(true);
      expect(await put(store, defaults('web', { Protocol: 'tcp' }), index)).toBe(false);
    });

    it('deletes only while the index is the one that was read', async () => {
      await put(store, defaults('web'));
      const index = read('service-defaults', 'web').value?.modifyIndex ?? 0;
      expect((await deleteConfigEntry(store, 'service-defaults', 'web', { cas: index + 1 })).result).toBe(false);
      expect((await deleteConfigEntry(store, 'service-defaults', 'web', { cas: index })).result).toBe(true);
      expect(read('service-defaults', 'web').value).toBeUndefined();
    });
  });

  it('deletes what is not there without a write', async () => {
    const { index } = store;
    expect((await deleteConfigEntry(store, 'service-router', 'none')).result).toBe(true);
    expect(store.index).toBe(index);
  });

  describe('that would break a chain', () => {
    /** The text with which a body is refused, and whether anything was written. */
    const refusal = async (body: Record<string, unknown>) => {
      const { index } = store;
      const text = await put(store, body).then(
        () => 'taken',
        (thrown: unknown) => AppError.from(thrown).message,
      );
      return { text, written: store.index !== index };
    };

    it('refuses a router for a service that speaks tcp', async () => {
      expect(await refusal({ Kind: 'service-router', Name: 'web' })).toEqual({
        text: 'service-router/web Routes: discovery chain "web" uses a protocol "tcp" that does not permit advanced routing or splitting behavior',
        written: false,
      });
    });

    it('looks at the chains that lead to the service, over any number of steps', async () => {
      await put(store, http);
      await put(store, resolver('mid', { Redirect: { Service: 'end' } }));
      await put(store, splitter('web', 'mid'));
      expect(await refusal(defaults('end', { Protocol: 'grpc' }))).toEqual({
        text: 'service-resolver/mid Redirect.Service: discovery chain "mid" uses inconsistent protocols; service "end" has "grpc" which is not "http"',
        written: false,
      });
    });

    it('looks at every chain when the global protocol changes', async () => {
      await put(store, http);
      await put(store, splitter('web', 'a', 'b'));
      expect(await refusal({ Kind: 'proxy-defaults', Name: 'global', Config: { protocol: 'tcp' } })).toEqual({
        text: 'service-splitter/web Splits: discovery chain "web" uses a protocol "tcp" that does not permit advanced routing or splitting behavior',
        written: false,
      });
      await expect(deleteConfigEntry(store, 'proxy-defaults', 'global')).rejects.toThrow('does not permit');
    });

    it('refuses to delete a subset that a split still uses', async () => {
      await put(store, http);
      await put(store, resolver('api', { Subsets: { v1: {} } }));
      await put(store, {
        Kind: 'service-splitter',
        Name: 'web',
        Splits: [{ Service: 'api', ServiceSubset: 'v1', Weight: 100 }],
      });
      await expect(deleteConfigEntry(store, 'service-resolver', 'api')).rejects.toThrow(
        'service-splitter/web Splits[0].ServiceSubset: service "api" does not have a subset named "v1"',
      );
      expect(read('service-resolver', 'api').value).toBeDefined();
    });

    it('refuses circles', async () => {
      await put(store, http);
      await put(store, splitter('x', 'y'));
      expect(await refusal(splitter('y', 'x'))).toEqual({
        text: 'service-splitter/x Splits[0].Service: detected circular reference: [splitter:y.default.default -> splitter:x.default.default -> splitter:y.default.default]',
        written: false,
      });
    });
  });

  describe('with permissions for requests', () => {
    const permissions = {
      Kind: 'service-intentions',
      Name: 'web',
      Sources: [{ Name: 'api', Permissions: [{ Action: 'allow', HTTP: { PathPrefix: '/' } }] }],
    };
    const text =
      'service-intentions/web Sources[0].Permissions: service "web" has protocol "tcp", which is incompatible with L7 intentions permissions';

    it('refuses them for a service that knows no requests', async () => {
      await expect(put(store, permissions)).rejects.toThrow(text);
    });

    it('refuses to make their service one that knows no requests', async () => {
      await put(store, defaults('web', { Protocol: 'http' }));
      await put(store, permissions);
      await expect(put(store, defaults('web', { Protocol: 'tcp' }))).rejects.toThrow(text);
      await expect(deleteConfigEntry(store, 'service-defaults', 'web')).rejects.toThrow(text);
    });

    it('refuses to make all services ones that know no requests', async () => {
      await put(store, http);
      await put(store, permissions);
      await expect(deleteConfigEntry(store, 'proxy-defaults', 'global')).rejects.toThrow(text);
    });
  });

  describe('about tokens', () => {
    const JWT = { Providers: [{ Name: 'okta' }] };
    const asking = { ...intentionsBody('web', { api: 'allow' }), JWT };
    const partly = {
      Kind: 'service-intentions',
      Name: 'web',
      Sources: [
        { Name: 'cron', Action: 'allow' },
        { Name: 'api', Permissions: [{ Action: 'allow', HTTP: { PathPrefix: '/' }, JWT }] },
      ],
    };
    const provider = (fields: Record<string, unknown> = {}) => ({
      Kind: 'jwt-provider',
      Name: 'okta',
      JSONWebKeySet: { Local: { JWKS: Buffer.from('{"keys":[]}').toString('base64') } },
      ...fields,
    });

    beforeEach(() => put(store, http));

    it('refuses to ask for those of a provider that is not there, and says where', async () => {
      const text = 'JWT provider specified in intention does not exist. Provider name: okta';
      await expect(put(store, asking)).rejects.toThrow(`JWT.Providers[0]: ${text}`);
      await expect(put(store, partly)).rejects.toThrow(`Sources[1].Permissions[0].JWT.Providers[0]: ${text}`);
      await put(store, provider());
      expect(await put(store, asking)).toBe(true);
    });

    it('does not delete a provider while its tokens are asked for', async () => {
      await put(store, provider());
      for (const body of [asking, partly]) {
        await put(store, body);
        await expect(deleteConfigEntry(store, 'jwt-provider', 'okta')).rejects.toThrow(
          'cannot delete jwt provider config entry referenced by an intention. Provider name: okta; service-intentions/web',
        );
      }
      await put(store, intentionsBody('web', { api: 'allow' }));
      expect((await deleteConfigEntry(store, 'jwt-provider', 'okta')).result).toBe(true);
      await expect(put(store, asking)).rejects.toThrow('does not exist');
    });

    it('ends connections of the callers concerned when a provider accepts less than before', async () => {
      const revoked = () =>
        store.view
          .range('revocations', 'byDestination', ['web'])
          .map(({ source, sequence }) => `${source} ${sequence}`);
      await put(store, provider());
      await put(store, partly);
      await put(store, provider({ CacheConfig: { Size: 5 } }));
      expect(revoked()).toEqual(['api 1']);
      await put(store, provider({ Issuer: 'https://other.example' }));
      expect(revoked()).toEqual(['api 2']);
    });
  });

  it('refuses filters over what instances do not have', async () => {
    await expect(put(store, resolver('web', { Subsets: { v1: { Filter: 'Service.Nope == 1' } } }))).rejects.toThrow(
      'Filter for subset "v1" is not a valid expression',
    );
    await put(
      store,
      resolver('web', { Subsets: { v1: { Filter: 'Service.Meta.version == 1 and Node.Meta.zone != a' } } }),
    );
  });

  it('switches permissive mutual TLS on only while the mesh allows it, and leaves it on', async () => {
    const permissive = defaults('web', { MutualTLSMode: 'permissive' });
    await expect(put(store, permissive)).rejects.toThrow('AllowEnablingPermissiveMutualTLS=false');
    await put(store, { Kind: 'mesh', AllowEnablingPermissiveMutualTLS: true });
    await put(store, permissive);
    await put(store, { Kind: 'mesh' });
    expect(await put(store, { ...permissive, Protocol: 'http' })).toBe(true);
  });

  describe('and virtual IPs', () => {
    const ipOf = (service: string) => store.view.get('virtual-ips', service)?.ip;

    it('gives names an address in order, whatever kind of entry names them', async () => {
      await put(store, http);
      await put(store, defaults('a'));
      await put(store, resolver('b'));
      await put(store, splitter('c', 'x'));
      await put(store, { Kind: 'service-router', Name: 'd' });
      await put(store, intentionsBody('e', { a: 'allow' }));
      expect(['a', 'b', 'c', 'd', 'e'].map(ipOf)).toEqual([
        '240.0.0.1',
        '240.0.0.2',
        '240.0.0.3',
        '240.0.0.4',
        '240.0.0.5',
      ]);
      expect(ipOf('x')).toBeUndefined();
    });

    it('gives none to the wildcard and to entries about all proxies', async () => {
      await put(store, http);
      await put(store, intentionsBody('*', { a: 'allow' }));
      await put(store, { Kind: 'mesh' });
      expect(store.view.range('virtual-ips', 'all', [])).toEqual([]);
    });

    it('takes an address back with the last entry of the name, and gives it out again', async () => {
      await put(store, defaults('a'));
      await put(store, resolver('a'));
      await deleteConfigEntry(store, 'service-defaults', 'a');
      expect(ipOf('a')).toBe('240.0.0.1');
      await deleteConfigEntry(store, 'service-resolver', 'a');
      expect(ipOf('a')).toBeUndefined();
      await put(store, defaults('b'));
      expect(ipOf('b')).toBe('240.0.0.1');
    });
  });

  it('writes a bounded number of records for one entry', async () => {
    const touched: string[] = [];
    const subscription = store.commits$.subscribe(({ changes }) =>
      touched.push(...changes.map(({ table }) => table).filter((table) => table !== 'marks')),
    );
    await put(store, defaults('web'));
    subscription.unsubscribe();
    expect(touched.sort()).toEqual(['config-entries', 'guards', 'virtual-ips', 'virtual-ips']);
    expect(store.view.get('guards', CONFIG_ENTRIES_FAMILY)?.sequence).toBe(1);
  });

  it('lets one of two concurrent writes that together would break a chain fail', async () => {
    await put(store, defaults('a', { Protocol: 'http' }));
    await put(store, defaults('b', { Protocol: 'http' }));
    const results = await Promise.allSettled([put(store, splitter('a', 'b')), put(store, splitter('b', 'a'))]);
    expect(results.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
  });

  it('answers a chain for clients with the index of the newest entry, and of nothing else', async () => {
    await put(store, resolver('web', { ConnectTimeout: '7s' }));
    const key = chainKey({ service: 'web', evaluateInDatacenter: 'dc1', overrides: {} });
    const before = store.read(discoveryChainQueryCell, key);
    expect(before.value).toMatchObject({ ok: true, chain: { default: false } });
    await store.transact('kv', (transaction) =>
      transaction.put('kv', { key: 'k', value: '', flags: '0', lockIndex: 0, session: '' }),
    );
    expect(store.read(discoveryChainQueryCell, key).index).toBe(before.index);
    await put(store, defaults('unrelated'));
    expect(store.read(discoveryChainQueryCell, key).index).toBeGreaterThan(before.index);
  });

  it('can be part of a larger transaction, which sees what was written before', async () => {
    await store.transact('several', (transaction) => {
      applyConfigEntry(transaction, decodeConfigEntry(http));
      applyConfigEntry(transaction, decodeConfigEntry(splitter('web', 'a')));
    });
    expect(read('service-splitter', 'web').value).toBeDefined();
  });
});
