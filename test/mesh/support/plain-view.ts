import {
  type Cell,
  type ConfigEntry,
  type ConfigEntryRecord,
  type MeshView,
  type TableName,
  type Tables,
  configEntryHash,
  decodeConfigEntry,
  tableDefinitions,
} from '../../../src/model/index.js';

type Rows = { readonly [Name in TableName]?: readonly Tables[Name][] };

/** A view over given records: no tracking, no store. What a pure computation sees in a unit test. */
export function plainView(rows: Rows): MeshView {
  const view: MeshView = {
    get: (table, key) => rowsOf(rows, table).find((row) => tableDefinitions[table].key(row) === key),
    range: (table, index, prefix) =>
      rowsOf(rows, table)
        .filter((row) => tuples(table, index, row).some((tuple) => prefix.every((part, at) => tuple[at] === part)))
        .sort((left, right) => (tableDefinitions[table].key(left) < tableDefinitions[table].key(right) ? -1 : 1)),
    cell: <Value>(definition: Cell<Value>, key: string): Value => definition.compute(view, key),
  };
  return view;
}

function rowsOf<Name extends TableName>(rows: Rows, table: Name): readonly Tables[Name][] {
  return rows[table] ?? [];
}

function tuples<Name extends TableName>(table: Name, index: string, row: Tables[Name]): readonly (readonly string[])[] {
  const keys = tableDefinitions[table].indexes[index];
  if (keys === undefined) throw new Error(`table ${table} has no index ${index}`);
  return keys(row);
}

/** Stored records of entries; bodies in wire spelling are decoded first. */
export function entryRecords(entries: readonly (ConfigEntry | Record<string, unknown>)[]): ConfigEntryRecord[] {
  return entries.map((given, position) => {
    const entry = 'kind' in given && 'meta' in given ? (given as ConfigEntry) : decodeConfigEntry(given);
    return { entry, hash: configEntryHash(entry), createIndex: position + 1, modifyIndex: position + 1 };
  });
}

/** A view over config entries (wire bodies) and a CA with a fixed cluster id. */
export function viewOfEntries(entries: readonly (ConfigEntry | Record<string, unknown>)[], rows: Rows = {}): MeshView {
  return plainView({
    'ca-config': [
      {
        clusterId: '11111111-2222-3333-4444-555555555555',
        provider: 'consul',
        leafTtlMs: 1,
        rootTtlMs: 1,
        createIndex: 1,
        modifyIndex: 1,
      },
    ],
    'config-entries': entryRecords(entries),
    ...rows,
  });
}
