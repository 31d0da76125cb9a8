import type { CheckRecord, Draft, KvRecord, NodeRecord, ServiceRecord, Tables } from '../../../src/model/index.js';
import type { Cell } from '../../../src/model/index.js';

export const node = (name: string, address = '10.0.0.1'): Draft<NodeRecord> => ({
  id: `id-${name}`,
  node: name,
  address,
  datacenter: 'dc1',
  taggedAddresses: {},
  meta: {},
});

export const service = (
  nodeName: string,
  name: string,
  changes: Partial<ServiceRecord> = {},
): Draft<ServiceRecord> => ({
  node: nodeName,
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
  ...changes,
});

export const check = (nodeName: string, checkId: string, changes: Partial<CheckRecord> = {}): Draft<CheckRecord> => ({
  node: nodeName,
  checkId,
  name: checkId,
  status: 'passing',
  notes: '',
  output: '',
  serviceId: '',
  serviceName: '',
  serviceTags: [],
  type: '',
  interval: '',
  timeout: '',
  exposedPort: 0,
  definition: {},
  ...changes,
});

export const kv = (key: string, value = 'eA=='): Draft<KvRecord> => ({
  key,
  value,
  flags: '0',
  lockIndex: 0,
  session: '',
});

const recordCells = new Map<keyof Tables, unknown>();

/** The record under `table/key`, or undefined: the simplest cell. */
export function recordCell<Name extends keyof Tables>(table: Name): Cell<Tables[Name] | undefined> {
  const known = recordCells.get(table);
  if (known) return known as Cell<Tables[Name] | undefined>;
  const cell: Cell<Tables[Name] | undefined> = {
    kind: `test-record-${table}`,
    compute: (view, key) => view.get(table, key),
  };
  recordCells.set(table, cell);
  return cell;
}

export const kvPrefix: Cell<readonly KvRecord[]> = {
  kind: 'test-kv-prefix',
  compute: (view, prefix) => view.range('kv', 'prefix', [prefix]),
};

export const servicesByName: Cell<readonly ServiceRecord[]> = {
  kind: 'test-services-by-name',
  compute: (view, name) => view.range('services', 'byName', [name]),
};
