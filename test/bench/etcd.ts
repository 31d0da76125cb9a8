import { systemClock } from '../../src/core/index.js';
import { registerInCatalog } from '../../src/discovery/catalog/index.js';
import { createEtcdBackend } from '../../src/state/backend/etcd/index.js';
import { type Backend, type StateStore, createStateStore } from '../../src/state/index.js';
import { anyEtcd, type RunningEtcd, startEtcd } from '../support/etcd/index.js';

const MEMBERS = 3;
const CLIENTS = 64;
const DURATION_MS = 4000;
const FILL_AT_ONCE = 64;
const RECORDS_PER_FILL = 90;

export interface EtcdResults {
  readonly version: string;
  readonly members: number;
  /** Durable registrations a second of one server with 64 in flight. */
  readonly registrations: number;
  /** From the answer of a write on one server until another has applied it, ms. */
  readonly otherServerP50Ms: number;
  readonly otherServerP99Ms: number;
  readonly records: number;
  /** From nothing until that many records are loaded, ms. */
  readonly loadMs: number;
}

/** Real members with their fsyncs, and two servers' stores, all on this machine. Undefined when there is no etcd. */
export async function measureEtcd(records: number): Promise<EtcdResults | undefined> {
  const binary = anyEtcd();
  if (!binary) return undefined;
  const etcd = await startEtcd({ binary, members: MEMBERS });
  try {
    const [one, two] = [await server(etcd, 'one'), await server(etcd, 'two')];
    const registrations = await register(one);
    const delays = await seenElsewhere(one, two);
    await Promise.all([one.close(), two.close()]);
    const loadMs = await load(etcd, records);
    const at = (share: number): number => delays[Math.floor((delays.length - 1) * share)] as number;
    const [otherServerP50Ms, otherServerP99Ms] = [at(0.5), at(0.99)];
    const { version } = binary;
    return { version, members: MEMBERS, registrations, otherServerP50Ms, otherServerP99Ms, records, loadMs };
  } finally {
    await etcd.stop();
  }
}

export function renderEtcd(results: EtcdResults | undefined): string {
  if (!results) return 'etcd: there is none on this machine';
  const { version, members, registrations, otherServerP50Ms, otherServerP99Ms, records, loadMs } = results;
  return [
    `etcd ${version}, ${members} members on this machine`,
    `  durable registrations, ${CLIENTS} in flight   ${Math.round(registrations)}/s`,
    `  applied on another server after the answer   p50 ${otherServerP50Ms.toFixed(2)} ms, p99 ${otherServerP99Ms.toFixed(2)} ms`,
    `  start with ${records} records   ${Math.round(loadMs)} ms`,
  ].join('\n');
}

function engine(etcd: RunningEtcd, name: string): Backend {
  const connection = { endpoints: etcd.endpoints };
  return createEtcdBackend({ connection, prefix: 'bench', server: name, allowOldEtcd: true });
}

async function server(etcd: RunningEtcd, name: string): Promise<StateStore> {
  const store = createStateStore({ backend: engine(etcd, name), clock: systemClock });
  await store.ready;
  return store;
}

async function register(store: StateStore): Promise<number> {
  const from = performance.now();
  let count = 0;
  const client = async (at: number): Promise<void> => {
    for (let round = 0; performance.now() - from < DURATION_MS; round += 1) {
      await registerInCatalog(store, registration(`node-${at}`, `web-${round % 200}`, round));
      count += 1;
    }
  };
  await Promise.all(Array.from({ length: CLIENTS }, (_, at) => client(at)));
  return count / ((performance.now() - from) / 1000);
}

function registration(node: string, id: string, port: number): Parameters<typeof registerInCatalog>[1] {
  return {
    node,
    id: '',
    address: '10.0.0.1',
    datacenter: 'dc1',
    taggedAddresses: {},
    meta: {},
    skipNodeUpdate: false,
    service: {
      kind: '',
      id,
      service: 'web',
      tags: ['v1'],
      address: '10.0.0.1',
      port,
      socketPath: '',
      taggedAddresses: {},
      meta: { version: '1' },
      weights: { passing: 1, warning: 1 },
      enableTagOverride: false,
      connect: { native: false },
    },
    checks: [],
  };
}

/** Sorted delays; 0 when the other was first. */
async function seenElsewhere(one: StateStore, two: StateStore): Promise<number[]> {
  const delays: number[] = [];
  for (let round = 0; round < 300; round += 1) {
    const key = `probe/${round}`;
    let seenAt = 0;
    const seen = new Promise<void>((resolve) => {
      const commits = two.commits$.subscribe(({ changes }) => {
        if (!changes.some((change) => change.key === key)) return;
        seenAt = performance.now();
        commits.unsubscribe();
        resolve();
      });
    });
    await one.transact('probe', (transaction) => transaction.put('kv', record(key)));
    const answeredAt = performance.now();
    await seen;
    delays.push(Math.max(0, seenAt - answeredAt));
  }
  return delays.sort((left, right) => left - right);
}

function record(key: string) {
  return { key, value: 'eA=='.repeat(40), flags: '0', lockIndex: 0, session: '' };
}

async function load(etcd: RunningEtcd, records: number): Promise<number> {
  const filler = engine(etcd, 'filler');
  await filler.open();
  let next = 0;
  const fill = async (): Promise<void> => {
    while (next < records) {
      const keys = Array.from({ length: Math.min(RECORDS_PER_FILL, records - next) }, () => `fill/${next++}`);
      const value = (key: string): string => JSON.stringify({ v: 1, ...record(key) });
      await filler.commit({
        conditions: [],
        operations: keys.map((key) => ({ type: 'put', table: 'kv', key, value: value(key) })),
      });
    }
  };
  await Promise.all(Array.from({ length: FILL_AT_ONCE }, fill));
  await filler.close();
  const from = performance.now();
  const store = await server(etcd, 'late');
  const tookMs = performance.now() - from;
  await store.close();
  return tookMs;
}
