import { registerInCatalog } from '../../../src/discovery/catalog/index.js';
import type { EtcdClient, TxnRequest } from '../../../src/state/backend/etcd/client/index.js';
import type { StateStore } from '../../../src/state/index.js';
import type { RunningEtcd } from '../../support/etcd/index.js';
import { engine, instead, openStore } from './stores.js';

const CLIENTS = 64;
const SERVICES_PER_NODE = 200;
const ROUNDS = 3;
const ROUND_MS = 2000;
/** As many as the store has on their way at once. */
const IN_FLIGHT = 3;

export interface Registrations {
  /** Durable registrations a second of one server with so many in flight; the best of some rounds. */
  readonly clients: number;
  readonly perSecond: number;
  /** Of this process: server and clients, without etcd. */
  readonly cpuUsEach: number;
  readonly perTransaction: number;
  readonly operationsEach: number;
  readonly comparesEach: number;
  /** What bare transactions of the same size, as many at once, come to in the same run, in registrations a second. */
  readonly floorPerSecond: number;
  readonly floorCpuUsEach: number;
  /** Bare transactions of one put of the same bytes, as many at once as there are clients: what not batching comes to. */
  readonly singlePutsPerSecond: number;
}

interface Shape {
  transactions: number;
  compares: number;
  operations: number;
  bytes: number;
}

/** The same rounds in turn: registrations, then bare transactions of the shape that those had, then single puts. */
export async function measureRegistrations(etcd: RunningEtcd): Promise<Registrations> {
  const shape: Shape = { transactions: 0, compares: 0, operations: 0, bytes: 0 };
  const backend = engine(etcd, 'one');
  const store = await openStore(
    instead(backend, {
      commit: (transaction) => {
        shape.transactions += 1;
        shape.compares += transaction.conditions.length;
        shape.operations += transaction.operations.length;
        for (const each of transaction.operations) if (each.type === 'put') shape.bytes += each.value.length;
        return backend.commit(transaction);
      },
    }),
  );
  const client = etcd.client();
  let count = 0;
  const best = { product: slowest, floor: slowest, single: slowest };
  for (let round = -1; round < ROUNDS; round += 1) {
    const product = await timed(async (isOver) => {
      const made = await register(store, round, isOver);
      count += made;
      return made;
    });
    const floor = await timed((isOver) => bare(client, shape, isOver));
    const single = await timed((isOver) => puts(client, shape, isOver));
    if (round < 0) continue;
    best.product = faster(best.product, product);
    best.floor = faster(best.floor, floor);
    best.single = faster(best.single, single);
  }
  await store.close();
  const perTransaction = count / shape.transactions;
  return {
    clients: CLIENTS,
    perSecond: best.product.perSecond,
    cpuUsEach: best.product.cpuUsEach,
    perTransaction,
    operationsEach: shape.operations / count,
    comparesEach: shape.compares / count,
    floorPerSecond: best.floor.perSecond * perTransaction,
    floorCpuUsEach: best.floor.cpuUsEach / perTransaction,
    singlePutsPerSecond: best.single.perSecond,
  };
}

interface Timed {
  readonly perSecond: number;
  readonly cpuUsEach: number;
}

const slowest: Timed = { perSecond: 0, cpuUsEach: Number.POSITIVE_INFINITY };

const faster = (left: Timed, right: Timed): Timed => ({
  perSecond: Math.max(left.perSecond, right.perSecond),
  cpuUsEach: Math.min(left.cpuUsEach, right.cpuUsEach),
});

async function timed(run: (isOver: () => boolean) => Promise<number>): Promise<Timed> {
  const from = performance.now();
  const cpu = process.cpuUsage();
  const count = await run(() => performance.now() - from >= ROUND_MS);
  const { user, system } = process.cpuUsage(cpu);
  return { perSecond: (count * 1000) / (performance.now() - from), cpuUsEach: (user + system) / count };
}

async function register(store: StateStore, round: number, isOver: () => boolean): Promise<number> {
  let count = 0;
  const client = async (at: number): Promise<void> => {
    for (let turn = 0; !isOver(); turn += 1) {
      const port = (round + 2) * 10_000 + (turn % 10_000);
      await registerInCatalog(store, registration(`node-${at}`, `web-${turn % SERVICES_PER_NODE}`, port));
      count += 1;
    }
  };
  await Promise.all(Array.from({ length: CLIENTS }, (_, at) => client(at)));
  return count;
}

function bare(client: EtcdClient, total: Shape, isOver: () => boolean): Promise<number> {
  const per = (sum: number): number => Math.max(1, Math.round(sum / total.transactions));
  const [compares, operations] = [per(total.compares), per(total.operations)];
  const value = Buffer.alloc(Math.round(total.bytes / total.operations), 'x');
  // Our own: the fence, the large transaction under way, `tip` twice.
  const request = (key: () => Buffer): TxnRequest => ({
    compare: Array.from({ length: compares + 3 }, () => ({
      result: 'GREATER' as const,
      target: 'MOD' as const,
      key: key(),
      mod_revision: -1,
    })),
    success: Array.from({ length: operations + 1 }, () => ({ request_put: { key: key(), value } })),
  });
  return inFlight(IN_FLIGHT, isOver, (key) => client.txn(request(key)));
}

function puts(client: EtcdClient, total: Shape, isOver: () => boolean): Promise<number> {
  const value = Buffer.alloc(Math.round(total.bytes / total.operations), 'x');
  return inFlight(CLIENTS, isOver, (key) =>
    client.txn({ compare: [], success: [{ request_put: { key: key(), value } }] }),
  );
}

/** Never the same key twice in a transaction: etcd refuses that. */
async function inFlight(
  many: number,
  isOver: () => boolean,
  send: (key: () => Buffer) => Promise<unknown>,
): Promise<number> {
  let [count, next] = [0, 0];
  const key = (): Buffer => Buffer.from(`floor/services/node-${next % CLIENTS}/web-${next++ % 12_800}`);
  const client = async (): Promise<void> => {
    while (!isOver()) {
      await send(key);
      count += 1;
    }
  };
  await Promise.all(Array.from({ length: many }, client));
  return count;
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
