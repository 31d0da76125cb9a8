import { describe, expect, it } from 'vitest';
import { serviceKey } from '../../../src/model/index.js';
import type { StateStore } from '../../../src/state/index.js';
import { writeMark, writeRecord } from '../../../src/state/tables/index.js';
import { openStore } from '../support/engines.js';
import { HostileEngine } from '../support/hostile-backend.js';
import { node, service } from '../support/records.js';

/** An engine that holds one record written by a newer version. */
async function withNewerRecord(fields: object): Promise<{ store: StateStore; stored: () => Record<string, unknown> }> {
  const engine = new HostileEngine({ random: () => 0 });
  const value = JSON.stringify({ v: 3, ...service('n', 'web'), ...fields });
  engine.apply({
    conditions: [],
    operations: [{ type: 'put', table: 'services', key: serviceKey('n', 'web'), value }],
  });
  const store = await openStore(engine.connect());
  const stored = (): Record<string, unknown> => {
    const record = engine.list().records.find(({ table }) => table === 'services');
    return JSON.parse(record?.value ?? 'null') as Record<string, unknown>;
  };
  return { store, stored };
}

describe('marks of ranges', () => {
  it('are written as other records are', () => {
    const range = 'services "byName" \u0001';
    const first = writeMark(range, undefined, 7);
    expect(first).toEqual(writeRecord('marks', { range, sequence: 1 }, undefined, 7));
    expect(Object.keys(first.row)).toEqual(Object.keys(writeRecord('marks', { range, sequence: 1 }, undefined, 7).row));
    expect(writeMark(range, first.row, 9)).toEqual(writeRecord('marks', { range, sequence: 2 }, first.row, 9));
  });
});

describe('stored records', () => {
  it('carry the version of their schema, and not their revisions', async () => {
    const engine = new HostileEngine({ random: () => 0 });
    const store = await openStore(engine.connect());
    await store.transact('put', (transaction) => transaction.put('nodes', node('n')));
    await store.transact('put', (transaction) => {
      const row = transaction.get('nodes', 'n');
      if (row) transaction.put('nodes', { ...row, address: '10.0.0.9' });
    });
    expect(JSON.parse(engine.list().records[0]?.value ?? '')).toEqual({ v: 1, ...node('n', '10.0.0.9') });
  });

  it('of a newer version keep fields this one does not know, when written anew', async () => {
    const { store, stored } = await withNewerRecord({ colour: 'blue', locality: { region: 'r', zone: 'z' } });
    await store.transact('put', (transaction) => transaction.put('services', service('n', 'web', { port: 81 })));
    expect(stored()).toEqual({ v: 3, ...service('n', 'web', { port: 81 }), colour: 'blue' });
    await store.transact('put', (transaction) => transaction.put('services', service('n', 'web', { port: 82 })));
    expect(stored()).toMatchObject({ v: 3, port: 82, colour: 'blue' });
  });

  it('of a newer version count as equal when only unknown fields are not given', async () => {
    const { store } = await withNewerRecord({ colour: 'blue' });
    const { index } = store;
    const write = await store.transact('put', (transaction) => transaction.put('services', service('n', 'web')));
    expect(write.index).toBe(index);
  });

  it('of this version lose fields that are not given', async () => {
    const engine = new HostileEngine({ random: () => 0 });
    const store = await openStore(engine.connect());
    const locality = { region: 'r', zone: 'z' };
    await store.transact('put', (transaction) => transaction.put('services', service('n', 'web', { locality })));
    expect(store.view.get('services', serviceKey('n', 'web'))?.locality).toEqual(locality);
    await store.transact('put', (transaction) => transaction.put('services', service('n', 'web')));
    expect(store.view.get('services', serviceKey('n', 'web'))).not.toHaveProperty('locality');
  });
});

describe('a written record', () => {
  it('shares nothing with the object it was made from', async () => {
    const engine = new HostileEngine({ random: () => 0 });
    const store = await openStore(engine.connect());
    const tags = ['a'];
    await store.transact('put', (transaction) => {
      transaction.put('services', service('n', 'web', { tags }));
      tags.push('b');
    });
    tags.push('c');
    expect(store.view.get('services', serviceKey('n', 'web'))?.tags).toEqual(['a']);
  });

  it('is the same whether a field is absent or undefined', async () => {
    const engine = new HostileEngine({ random: () => 0 });
    const store = await openStore(engine.connect());
    const first = await store.transact('put', (transaction) => transaction.put('services', service('n', 'web')));
    const draft = { ...service('n', 'web'), proxy: undefined, meta: { x: undefined } } as unknown as ReturnType<
      typeof service
    >;
    const second = await store.transact('put', (transaction) => transaction.put('services', draft));
    expect(second.index).toBe(first.index);
  });

  it('is refused when its key holds half a character', async () => {
    const engine = new HostileEngine({ random: () => 0 });
    const store = await openStore(engine.connect());
    const write = store.transact('put', (transaction) => transaction.put('nodes', node('n\ud800')));
    await expect(write).rejects.toMatchObject({ code: 'invalidArgument' });
    expect(store.view.range('nodes', 'all', [])).toEqual([]);
  });
});
