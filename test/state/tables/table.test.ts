import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type TableName, tableDefinitions } from '../../../src/model/index.js';
import { Overlay } from '../../../src/state/tables/overlay.js';
import { Table } from '../../../src/state/tables/table.js';
import { type Row, type StateReader, definitionOf } from '../../../src/state/tables/row.js';
import { check, kv, service } from '../support/records.js';

const names = fc.constantFrom('a', 'b', 'c');
const services = fc
  .record({ node: names, id: names, service: names, kind: fc.constantFrom('' as const, 'connect-proxy' as const) })
  .map(({ node, id, service: name, kind }) => ({
    ...service(node, name, { id, kind }),
    proxy: { destinationServiceName: name },
    createIndex: 1,
    modifyIndex: 1,
  })) as unknown as fc.Arbitrary<Row>;
const checks = fc
  .record({
    node: names,
    checkId: names,
    serviceId: names,
    status: fc.constantFrom('passing' as const, 'critical' as const),
  })
  .map(({ node, checkId, serviceId, status }) => ({
    ...check(node, checkId, { serviceId, serviceName: serviceId, status }),
    createIndex: 1,
    modifyIndex: 1,
  })) as unknown as fc.Arbitrary<Row>;
const entriesOf = fc.array(fc.string({ maxLength: 2, unit: fc.constantFrom('x', 'y') }), { maxLength: 3 });
const refusals = fc.record({ node: names, proxyId: names, entries: entriesOf }).map((fields) => ({
  ...fields,
  resourceType: 't',
  resourceName: 'n',
  createIndex: 1,
  modifyIndex: 1,
})) as unknown as fc.Arbitrary<Row>;
const pairs = fc
  .record({
    key: fc.string({ maxLength: 3, unit: fc.constantFrom('a', '/', '𝄞', '\uffee') }),
    session: fc.constantFrom('', 'a', 'b'),
  })
  .map(({ key, session }) => ({ ...kv(key), session, createIndex: 1, modifyIndex: 1 })) as unknown as fc.Arbitrary<Row>;

const cases: readonly (readonly [TableName, fc.Arbitrary<Row>])[] = [
  ['services', services],
  ['checks', checks],
  ['refusals', refusals],
  ['kv', pairs],
];

/** What a range must be: a scan over all rows. */
function scan(rows: ReadonlyMap<string, Row>, table: TableName, index: string, prefix: readonly string[]): Row[] {
  const definition = definitionOf(table);
  const matches = (row: Row): boolean =>
    (definition.indexes[index]?.(row) ?? []).some((tuple) =>
      definition.byteOrdered === index
        ? (tuple[0] as string).startsWith(prefix[0] ?? '')
        : prefix.every((part, at) => part === tuple[at]),
    );
  const byKey = ([left]: [string, Row], [right]: [string, Row]): number =>
    definition.byteOrdered ? Buffer.compare(Buffer.from(left), Buffer.from(right)) : left < right ? -1 : 1;
  return [...rows]
    .filter(([, row]) => matches(row))
    .sort(byKey)
    .map(([, row]) => row);
}

describe.each(cases)('the table %s', (name, rowArbitrary) => {
  const definition = definitionOf(name);
  const prefixes = fc.array(fc.constantFrom('a', 'b', 'x', '/', 'connect-proxy', 'passing'), {
    maxLength: definition.byteOrdered ? 1 : 2,
  });
  const steps = fc.array(fc.record({ row: rowArbitrary, remove: fc.boolean() }), { maxLength: 40 });

  /** In the order in which a store loads them. */
  const loaded = fc
    .array(rowArbitrary, { maxLength: 10 })
    .map((rows) => [...new Map(rows.map((row) => [definition.key(row), row]))])
    .map((entries) => entries.sort(([left], [right]) => (left < right ? -1 : 1)));

  it('finds in every index what a scan finds, in the order of keys', () => {
    fc.assert(
      fc.property(loaded, steps, prefixes, (rows, operations, prefix) => {
        const table = new Table(name);
        const model = new Map<string, Row>(rows);
        for (const [key, row] of rows) table.append(key, row);
        for (const { row, remove } of operations) {
          const key = definition.key(row);
          table.replace(key, remove ? undefined : row);
          if (remove) model.delete(key);
          else model.set(key, row);
        }
        for (const index of Object.keys(definition.indexes))
          for (const limit of [undefined, 1, 3])
            expect(table.range(index, prefix, limit)).toEqual(scan(model, name, index, prefix).slice(0, limit));
      }),
    );
  });

  it('shows an overlay as if it had been written', () => {
    fc.assert(
      fc.property(steps, steps, prefixes, (below, above, prefix) => {
        const table = new Table(name);
        const base: StateReader = {
          get: (_table, key) => table.get(key),
          range: (_table, index, at, limit) => table.range(index, at, limit),
        };
        const model = new Map<string, Row>();
        const overlay = new Overlay(base);
        for (const { row } of below) {
          table.replace(definition.key(row), row);
          model.set(definition.key(row), row);
        }
        above.forEach(({ row, remove }, at) => {
          const key = definition.key(row);
          // Reading in between makes the overlay keep its index up to date.
          if (at % 3 === 1) overlay.range(name, Object.keys(definition.indexes)[0] as string, []);
          overlay.set(name, key, remove ? undefined : row, undefined);
          if (remove) model.delete(key);
          else model.set(key, row);
        });
        for (const index of Object.keys(definition.indexes))
          for (const limit of [undefined, 1, 3])
            expect(overlay.range(name, index, prefix, limit)).toEqual(scan(model, name, index, prefix).slice(0, limit));
      }),
    );
  });

  it('has key prefixes that really cover its ranges', () => {
    fc.assert(
      fc.property(rowArbitrary, (row) => {
        for (const [index, tuples] of Object.entries(definition.indexes))
          for (const tuple of tuples(row))
            for (let depth = 0; depth <= tuple.length; depth += 1) {
              const keyPrefix = definition.keyPrefix?.[index]?.(tuple.slice(0, depth)) ?? '';
              expect(definition.key(row).startsWith(keyPrefix)).toBe(true);
            }
      }),
    );
  });
});

describe('every table', () => {
  it('hands out lists that show what was there, whatever replaces it later', () => {
    const table = new Table('services');
    const row = (port: number): Row => ({
      ...service('n', 'web', { id: 'web', port }),
      createIndex: 1,
      modifyIndex: port,
    });
    const key = definitionOf('services').key(row(1));
    table.replace(key, row(1));
    const before = table.range('byName', ['web']);
    table.replace(key, row(2));
    expect([before, table.range('byName', ['web'])]).toEqual([[row(1)], [row(2)]]);
  });

  it('names only indexes it has as covered by a key prefix', () => {
    for (const { indexes, keyPrefix } of Object.values(tableDefinitions) as { indexes: object; keyPrefix?: object }[])
      for (const index of Object.keys(keyPrefix ?? {})) expect(Object.keys(indexes)).toContain(index);
  });

  it('names all fields of which the places of its rows are made, where it names any', () => {
    const samples: Partial<Record<TableName, readonly object[]>> = {
      nodes: [{ node: 'n', id: 'i' }],
      services: [
        service('n', 'web', { kind: 'connect-proxy' }),
        service('n', 'web', { connect: { native: true } }),
        { ...service('n', 'web', { kind: 'connect-proxy' }), proxy: { destinationServiceName: 'web' } },
      ],
      checks: [check('n', 'c', { serviceName: 'web' }), check('n', 'c')],
      kv: [kv('a'), { ...kv('a'), session: 's' }],
    };
    for (const [name, { indexes, placedBy }] of Object.entries(tableDefinitions)) {
      if (placedBy === undefined) continue;
      const read = new Set<string | symbol>();
      const noting: ProxyHandler<object> = {
        get(row, field) {
          read.add(field);
          return Reflect.get(row, field);
        },
      };
      for (const sample of samples[name as TableName] ?? [])
        for (const tuples of Object.values(indexes)) tuples(new Proxy(sample, noting));
      expect([name, new Set(placedBy)]).toEqual([name, read]);
    }
  });

  it('refuses an index it does not have', () => {
    expect(() => new Table('nodes').range('byColour', [])).toThrow('The table nodes has no index byColour.');
  });
});
