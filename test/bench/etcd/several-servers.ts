import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RunningEtcd } from '../../support/etcd/index.js';
import { Child, here, typescript } from '../child.js';
import { startProduct } from '../product.js';
import type { Target } from '../target.js';
import { quantile } from './stores.js';

const SERVERS = 3;
const PROXIES_EACH = 50;
const CHANGES = 60;
const WARM_UP = 5;
const READS = 1000;
const READ_ROUNDS = 5;

export interface SeveralServers {
  readonly servers: number;
  readonly proxiesEach: number;
  /** From the answer of the write until the proxies of the server that took it have the change, ms (negative: before it). */
  readonly own: Delays;
  /** The same for the proxies of the other servers. */
  readonly others: Delays;
  /** How many reads of etcd so many concurrent default reads over HTTP cost, round by round. */
  readonly reads: number;
  readonly etcdReads: readonly number[];
  readonly readsMs: readonly number[];
}

interface Delays {
  readonly p50Ms: number;
  readonly p99Ms: number;
}

/** The built program as servers on one etcd, each with proxies of its own; changes are made at the first. */
export async function measureSeveralServers(etcd: RunningEtcd): Promise<SeveralServers> {
  const folder = mkdtempSync(join(tmpdir(), 'meshwright-bench-'));
  const ids = Array.from({ length: PROXIES_EACH }, (_, number) => `web-${number}-sidecar-proxy`);
  const targets: Awaited<ReturnType<typeof startProduct>>[] = [];
  const fleets: Child[] = [];
  try {
    for (let at = 0; at < SERVERS; at += 1)
      targets.push(
        await startProduct(at === 0 ? ids : [], { args: serverArguments(etcd, folder, at), fill: at === 0 }),
      );
    process.stderr.write('[etcd] servers are up\n');
    const nodeNames = targets[0]?.nodeNames ?? [];
    for (const { port } of targets) {
      const fleet = new Child(here('./fleet.ts'), { answers: true, execArgv: [...typescript] });
      fleets.push(fleet);
      await fleet.ask({ op: 'connect', port, ids, nodeNames, repeatNode: false });
    }
    process.stderr.write('[etcd] proxies are connected\n');
    const [own, others] = await measureChanges(targets[0] as Target, fleets);
    const { etcdReads, readsMs } = await measureReads(etcd, targets[1]?.http ?? 0);
    return { servers: SERVERS, proxiesEach: PROXIES_EACH, own, others, reads: READS, etcdReads, readsMs };
  } finally {
    for (const fleet of fleets) await fleet.stop();
    for (const target of targets) await target.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

function serverArguments({ endpoints }: RunningEtcd, folder: string, at: number): readonly string[] {
  const hcl = `state { backend = "etcd" etcd { endpoints = ${JSON.stringify(endpoints)} prefix = "servers" } } limits { http_max_conns_per_client = 0 } connect { enabled = true }`;
  return ['-server', `-data-dir=${join(folder, String(at))}`, '-allow-old-etcd', '-disable-host-node-id', '-hcl', hcl];
}

async function measureChanges(first: Target, fleets: readonly Child[]): Promise<[Delays, Delays]> {
  const [own, others]: [number[], number[]] = [[], []];
  for (let round = 0; round < CHANGES + WARM_UP; round += 1) {
    const told = fleets.map(
      (fleet) =>
        new Promise<void>((resolve) => {
          const onMessage = ({ id }: { id?: number }): void => {
            if (id !== -1) return;
            fleet.process.off('message', onMessage);
            resolve();
          };
          fleet.process.on('message', onMessage);
        }),
    );
    for (const fleet of fleets) await fleet.ask({ op: 'arm', type: 'endpoint', doneId: -1 });
    await first.change('endpoint', round + 1);
    const answeredAt = process.hrtime.bigint();
    await Promise.all(told);
    for (const [at, fleet] of fleets.entries()) {
      const { latenciesMs } = await fleet.ask({ op: 'collect', from: String(answeredAt) });
      if (round >= WARM_UP) (at === 0 ? own : others).push(...(latenciesMs as number[]));
    }
  }
  const delays = (all: number[]): Delays => ({ p50Ms: quantile(all, 0.5), p99Ms: quantile(all, 0.99) });
  return [delays(own), delays(others)];
}

/** Reads that stand for so many clients at once, each on a connection of its own that is there already. */
async function measureReads(etcd: RunningEtcd, port: number): Promise<{ etcdReads: number[]; readsMs: number[] }> {
  const load = new Child(here('./etcd/simultaneous-reads.ts'), { answers: true, execArgv: [...typescript] });
  const [etcdReads, readsMs]: [number[], number[]] = [[], []];
  try {
    await load.ask({ op: 'open', port, count: READS });
    for (let round = 0; round < READ_ROUNDS; round += 1) {
      const before = await ranges(etcd);
      const { ms } = await load.ask({ op: 'read', path: '/v1/health/service/upstream-0' });
      etcdReads.push((await ranges(etcd)) - before);
      readsMs.push(ms as number);
    }
  } finally {
    await load.stop();
  }
  return { etcdReads, readsMs };
}

/** How many linearizable ranges the members have answered. */
async function ranges({ endpoints }: RunningEtcd): Promise<number> {
  let count = 0;
  for (const endpoint of endpoints) {
    const text = await (await fetch(`${endpoint}/metrics`)).text();
    const found = /^grpc_server_handled_total\{grpc_code="OK",grpc_method="Range".*\} (\S+)$/m.exec(text);
    count += Number(found?.[1] ?? 0);
  }
  return count;
}
