import { beforeEach, describe, expect, it } from 'vitest';
import {
  createLegacyIntention,
  decodeIntention,
  deleteIntention,
  deleteLegacyIntention,
  exactIntentionCell,
  intentionByIdCell,
  intentionCheckCell,
  intentionCheckKey,
  intentionListCell,
  intentionMatchCell,
  intentionMatchKey,
  intentionPairKey,
  parseIntentionName,
  setDefaultIntentionPolicy,
  updateLegacyIntention,
  upsertIntention,
} from '../../../src/discovery/intentions/index.js';
import { configEntryCell } from '../../../src/discovery/config/index.js';
import { encodeIntention } from '../../../src/mesh/intentions/index.js';
import { configEntryKey } from '../../../src/model/index.js';
import type { StateStore } from '../../../src/state/index.js';
import { intentionsBody, openStore, put } from '../config/entry-store.js';

const pair = (source: string, destination: string) => ({ source: parseIntentionName(source), destination });

describe('intentions in the store', () => {
  let store: StateStore;
  const upsert = (source: string, destination: string, body: object) =>
    upsertIntention(store, pair(source, destination), decodeIntention(body));
  const check = (source: string, destination: string, policy?: 'allow' | 'deny') =>
    store.read(intentionCheckCell, intentionCheckKey(pair(source, destination), policy)).value.allowed;
  const exact = (source: string, destination: string) =>
    store.read(exactIntentionCell, intentionPairKey(pair(source, destination))).value;
  const entry = (destination: string) =>
    store.read(configEntryCell, configEntryKey('service-intentions', destination)).value?.entry;

  beforeEach(async () => {
    store = await openStore();
  });

  it('are put into the entry of their destination, which is made and kept in order', async () => {
    await upsert('*', 'db', { Action: 'deny' });
    await upsert('web', 'db', { Action: 'allow', Description: 'why' });
    expect(entry('db')).toMatchObject({
      sources: [{ name: 'web', action: 'allow', description: 'why' }, { name: '*' }],
    });
    await upsert('web', 'db', { Action: 'deny' });
    expect(entry('db')).toMatchObject({ sources: [{ name: 'web', action: 'deny', description: '' }, { name: '*' }] });
  });

  it('cannot change the token that is asked of all callers of their destination, and carry it along', async () => {
    const JWT = { Providers: [{ Name: 'okta' }] };
    const JWKS = Buffer.from('{"keys":[]}').toString('base64');
    await put(store, { Kind: 'jwt-provider', Name: 'okta', JSONWebKeySet: { Local: { JWKS } } });
    await expect(upsert('web', 'db', { Action: 'allow', JWT })).rejects.toThrow(
      'JWT is asked of all callers of "db": write it in the service-intentions entry of that name',
    );
    await put(store, { ...intentionsBody('db', { web: 'allow' }), JWT });
    await upsert('web', 'db', { Action: 'allow', Description: 'read and written back', JWT });
    await upsert('api', 'db', { Action: 'allow' });
    expect(entry('db')).toMatchObject({
      sources: [{ name: 'web' }, { name: 'api' }],
      jwt: { providers: [{ name: 'okta' }] },
    });
  });

  it('go with their entry when the last one is deleted', async () => {
    await upsert('web', 'db', { Action: 'allow' });
    await upsert('api', 'db', { Action: 'allow' });
    await deleteIntention(store, pair('web', 'db'));
    expect(exact('web', 'db')).toBeUndefined();
    expect(exact('api', 'db')).toBeDefined();
    await deleteIntention(store, pair('api', 'db'));
    expect(entry('db')).toBeUndefined();
    expect((await deleteIntention(store, pair('api', 'db'))).result).toBe(true);
  });

  it('of a peer are others than ours of the same name', async () => {
    await upsert('web', 'db', { Action: 'allow' });
    await upsert('peer:east/web', 'db', { Action: 'deny' });
    expect(entry('db')).toMatchObject({
      sources: [
        { peer: '', action: 'allow' },
        { peer: 'east', action: 'deny' },
      ],
    });
    expect(check('web', 'db')).toBe(true);
    expect(check('peer:east/web', 'db')).toBe(false);
  });

  it.each([
    [{ Action: 'allow', Meta: { a: 'b' } }, 'Meta must not be specified'],
    [{ Action: 'allow', ID: 'x' }, 'ID must not be specified'],
    [{ Action: 'perhaps' }, "Action must be set to 'allow' or 'deny'"],
    [null, "Action must be set to 'allow' or 'deny'"],
    [{ Action: 'allow', Foo: 1 }, '"Foo" is not a known field'],
    [[], "Action must be set to 'allow' or 'deny'"],
    ['text', 'must be an object'],
  ])('refuse the body %j', async (body, text) => {
    await expect((async () => upsertIntention(store, pair('web', 'db'), decodeIntention(body)))()).rejects.toThrow(
      text,
    );
    expect(entry('db')).toBeUndefined();
  });

  it('are checked against the default for callers that none is about', async () => {
    await upsert('web', 'db', { Action: 'allow' });
    expect(check('api', 'db')).toBe(true);
    await setDefaultIntentionPolicy(store, 'deny');
    expect(check('api', 'db')).toBe(false);
    expect(check('api', 'db', 'allow')).toBe(true);
    expect(check('web', 'db')).toBe(true);
  });

  it('are listed and matched best first', async () => {
    await put(store, intentionsBody('db', { '*': 'deny', web: 'allow' }));
    await put(store, intentionsBody('*', { web: 'deny' }));
    const names = (list: readonly { intention: { source: { name: string }; destination: string } }[]) =>
      list.map(({ intention: { source, destination } }) => `${source.name}>${destination}`);
    expect(names(store.read(intentionListCell, '').value)).toEqual(['web>db', '*>db', 'web>*']);
    expect(names(store.read(intentionMatchCell, intentionMatchKey('source', 'api')).value)).toEqual(['*>db']);
    expect(names(store.read(intentionMatchCell, intentionMatchKey('destination', 'x')).value)).toEqual(['web>*']);
  });

  describe('with an ID', () => {
    const body = (more: object = {}) =>
      decodeIntention({ SourceName: 'web', DestinationName: 'db', Action: 'allow', Meta: { a: 'b' }, ...more });
    const byId = (id: string) => store.read(intentionByIdCell, id).value;

    beforeEach(async () => {
      await createLegacyIntention(store, body(), { id: 'id-1', at: '2026-01-01T00:00:00Z' });
    });

    it('are found by it, with meta and times', () => {
      const known = byId('id-1');
      expect(known && encodeIntention(known)).toMatchObject({
        ID: 'id-1',
        SourceName: 'web',
        DestinationName: 'db',
        Action: 'allow',
        Meta: { a: 'b' },
        CreatedAt: '2026-01-01T00:00:00Z',
        UpdatedAt: '2026-01-01T00:00:00Z',
      });
      expect(byId('')).toBeUndefined();
    });

    it('are changed and deleted by it', async () => {
      await updateLegacyIntention(store, 'id-1', body({ Action: 'deny' }), '2026-02-01T00:00:00Z');
      const known = byId('id-1');
      expect(known && encodeIntention(known)).toMatchObject({
        Action: 'deny',
        CreatedAt: '2026-01-01T00:00:00Z',
        UpdatedAt: '2026-02-01T00:00:00Z',
      });
      await deleteLegacyIntention(store, 'id-1');
      expect(entry('db')).toBeUndefined();
      await expect(deleteLegacyIntention(store, 'id-1')).rejects.toThrow('Intention not found');
    });

    it('are refused for a pair that has one', async () => {
      await expect(createLegacyIntention(store, body(), { id: 'id-2', at: 'x' })).rejects.toThrow(
        'duplicate intention',
      );
    });

    it('survive a write of the entry as it was read, and cannot be made up', async () => {
      const stored = entry('db');
      if (stored?.kind !== 'service-intentions') throw new Error('no entry');
      const written = {
        Kind: 'service-intentions',
        Name: 'db',
        Sources: [{ Name: 'web', Action: 'deny', LegacyID: 'id-1' }],
      };
      expect(await put(store, written)).toBe(true);
      await expect(
        put(store, { ...written, Sources: [{ Name: 'web', Action: 'deny', LegacyID: 'mine' }] }),
      ).rejects.toThrow('LegacyID must be omitted');
    });
  });
});

describe('names of services in intention requests', () => {
  it.each([
    ['web', { name: 'web', peer: '' }],
    ['*', { name: '*', peer: '' }],
    ['default/web', { name: 'web', peer: '' }],
    ['default/default/web', { name: 'web', peer: '' }],
    ['peer:east/web', { name: 'web', peer: 'east' }],
    ['peer:east/default/web', { name: 'web', peer: 'east' }],
  ])('are read: %s', (text, expected) => {
    expect(parseIntentionName(text)).toEqual(expected);
  });

  it.each(['a/b/c/d', 'other/web', 'other/default/web', 'peer:east/default/default/web'])('are refused: %s', (text) => {
    expect(() => parseIntentionName(text)).toThrow(`name "${text}" is invalid`);
  });
});
