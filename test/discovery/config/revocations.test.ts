import { beforeEach, describe, expect, it } from 'vitest';
import { deleteConfigEntry } from '../../../src/discovery/config/index.js';
import { setDefaultIntentionPolicy } from '../../../src/discovery/intentions/index.js';
import { greatestEpoch, revocationsFrom } from '../../../src/mesh/intentions/index.js';
import type { StateStore } from '../../../src/state/index.js';
import { http, intentionsBody, openStore, put } from './entry-store.js';

describe('taking access away', () => {
  let store: StateStore;
  const epoch = (destination: string, source: string): number =>
    greatestEpoch(revocationsFrom(store.view, source), [destination]);
  const revocations = (): readonly string[] =>
    ['db', 'web', '*'].flatMap((destination) =>
      store.view.range('revocations', 'byDestination', [destination]).map(({ source }) => `${source}>${destination}`),
    );

  beforeEach(async () => {
    store = await openStore();
    await setDefaultIntentionPolicy(store, 'deny');
  });

  it('is not what a first allow does', async () => {
    await put(store, intentionsBody('db', { web: 'allow' }));
    expect(revocations()).toEqual([]);
    expect(epoch('db', 'web')).toBe(0);
  });

  it('is noted in the transaction of the write, at its index', async () => {
    await put(store, intentionsBody('db', { web: 'allow', api: 'allow' }));
    await put(store, intentionsBody('db', { web: 'deny', api: 'allow' }));
    expect(revocations()).toEqual(['web>db']);
    expect(epoch('db', 'web')).toBe(store.index);
    expect(epoch('db', 'api')).toBe(0);
    expect(epoch('cache', 'web')).toBe(0);
  });

  it('is noted anew each time', async () => {
    await put(store, intentionsBody('db', { web: 'allow' }));
    await deleteConfigEntry(store, 'service-intentions', 'db');
    const first = epoch('db', 'web');
    await put(store, intentionsBody('db', { web: 'allow' }));
    expect(epoch('db', 'web')).toBe(first);
    await deleteConfigEntry(store, 'service-intentions', 'db');
    expect(epoch('db', 'web')).toBeGreaterThan(first);
  });

  it('concerns every destination when the rule for all of them does', async () => {
    await put(store, intentionsBody('*', { web: 'allow' }));
    await put(store, intentionsBody('*', { web: 'deny' }));
    expect(revocations()).toEqual(['web>*']);
    expect(epoch('db', 'web')).toBe(store.index);
  });

  it('concerns every source when those without a rule lose something', async () => {
    await put(store, intentionsBody('db', { '*': 'allow' }));
    await put(store, intentionsBody('db', { web: 'allow' }));
    expect(revocations()).toEqual(['*>db']);
    expect(epoch('db', 'anybody')).toBe(store.index);
  });

  it('happens when permissions narrow, and not when they widen', async () => {
    const allow = (path: string) => ({ Action: 'allow', HTTP: { PathPrefix: path } });
    const body = (...paths: readonly string[]) => ({
      Kind: 'service-intentions',
      Name: 'web',
      Sources: [{ Name: 'api', Permissions: paths.map(allow) }],
    });
    await put(store, http);
    await put(store, body('/a'));
    await put(store, body('/a', '/b'));
    expect(revocations()).toEqual([]);
    await put(store, body('/b'));
    expect(revocations()).toEqual(['api>web']);
  });

  it('from everybody is what a default that turns to deny does, and only that', async () => {
    expect(revocations()).toEqual([]);
    await setDefaultIntentionPolicy(store, 'allow');
    expect(revocations()).toEqual([]);
    await setDefaultIntentionPolicy(store, 'deny');
    expect(revocations()).toEqual(['*>*']);
    const { index } = store;
    await setDefaultIntentionPolicy(store, 'deny');
    expect(store.index).toBe(index);
  });

  it('is not noted when the write is refused', async () => {
    await put(store, intentionsBody('db', { web: 'allow' }));
    const narrowing = {
      Kind: 'service-intentions',
      Name: 'db',
      Sources: [{ Name: 'web', Permissions: [{ Action: 'allow', HTTP: { Methods: ['GET'] } }] }],
    };
    await expect(put(store, narrowing)).rejects.toThrow('incompatible with L7');
    expect(revocations()).toEqual([]);
  });
});
