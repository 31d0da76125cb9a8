import { type MeshView, type TableName, type Tables, tableDefinitions } from '../../../../src/model/index.js';
import type { StateStore } from '../../../../src/state/index.js';

export type Rows = { [Name in TableName]?: readonly Tables[Name][] };

/** The tables that resources are made from. */
const TABLES = ['nodes', 'services', 'checks', 'config-entries', 'ca-roots', 'revocations', 'virtual-ips'] as const;
const SINGLE = { 'ca-config': ['config'], system: ['default-intention-policy'] } as const;

/** All records that resources can depend on. */
export function rowsOf({ view }: Pick<StateStore, 'view'>): Rows {
  const rows: Record<string, readonly object[]> = {};
  for (const table of TABLES) rows[table] = allOf(view, table);
  for (const [table, keys] of Object.entries(SINGLE))
    rows[table] = keys.map((key: string) => view.get(table as TableName, key)).filter((row) => row !== undefined);
  return rows;
}

function allOf<Name extends TableName>(view: MeshView, table: Name): readonly Tables[Name][] {
  const index =
    'all' in tableDefinitions[table].indexes ? 'all' : table === 'config-entries' ? 'byKind' : 'byDestination';
  return view.range(table, index, []);
}

/** The same records in another order, the keys of every object inside them too. */
export function shuffled(rows: Rows, random: () => number): Rows {
  return Object.fromEntries(
    Object.entries(rows).map(([table, list]) => [
      table,
      mixed(list as readonly object[], random).map((row) => mixKeys(row, random)),
    ]),
  );
}

function mixKeys(value: unknown, random: () => number): unknown {
  if (Array.isArray(value)) return value.map((item) => mixKeys(item, random));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(mixed(Object.entries(value), random).map(([key, item]) => [key, mixKeys(item, random)]));
}

function mixed<Item>(items: readonly Item[], random: () => number): Item[] {
  return items
    .map((item) => ({ item, at: random() }))
    .sort((left, right) => left.at - right.at)
    .map(({ item }) => item);
}
