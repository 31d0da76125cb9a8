import { anyEtcd, startEtcd } from '../../support/etcd/index.js';
import type { StateStore } from '../../../src/state/index.js';
import { type Loading, measureLoading } from './loading.js';
import { measureRegistrations, type Registrations } from './registrations.js';
import { measureSeveralServers, type SeveralServers } from './several-servers.js';
import { engine, instead, openStore, quantile } from './stores.js';

const MEMBERS = 3;
const BARRIERS = 1000;

export interface EtcdResults {
  readonly version: string;
  readonly members: number;
  readonly registrations?: Registrations;
  readonly barriers?: Barriers;
  readonly servers?: SeveralServers;
  readonly loading?: Loading;
}

interface Barriers {
  /** From the answer of a write on one server until another has applied it, ms. */
  readonly otherServerP50Ms: number;
  readonly otherServerP99Ms: number;
  /** Reads of etcd that so many barriers asked for in one turn cost. */
  readonly asked: number;
  readonly etcdReads: number;
}

/** Real members with their fsyncs, all on this machine. Undefined when there is no etcd. */
export async function measureEtcd(
  records: number,
  parts: ReadonlySet<string>,
  onProgress: (text: string) => void,
): Promise<EtcdResults | undefined> {
  const binary = anyEtcd();
  if (!binary) return undefined;
  const etcd = await startEtcd({ binary, members: MEMBERS });
  const part = async <Result>(name: string, run: () => Promise<Result>): Promise<Result | undefined> => {
    if (!parts.has(name)) return undefined;
    onProgress(name);
    return run();
  };
  try {
    const registrations = await part('registrations', () => measureRegistrations(etcd));
    const barriers = await part('barriers', () => measureBarriers(etcd));
    const servers = await part('servers', () => measureSeveralServers(etcd));
    const loading = await part('load', () => measureLoading(etcd, records));
    return {
      ...{ version: binary.version, members: MEMBERS },
      ...(registrations && { registrations }),
      ...(barriers && { barriers }),
      ...(servers && { servers }),
      ...(loading && { loading }),
    };
  } finally {
    await etcd.stop();
  }
}

export function renderEtcd(results: EtcdResults | undefined): string {
  if (!results) return 'etcd: there is none on this machine';
  const { version, members, registrations, barriers, servers, loading } = results;
  const lines = [`etcd ${version}, ${members} members on this machine`];
  if (registrations) {
    const { clients, perSecond, floorPerSecond, singlePutsPerSecond, ...each } = registrations;
    lines.push(
      `  durable registrations, ${clients} in flight   ${round(perSecond)}/s, ${round(each.cpuUsEach)} us of CPU each (server and clients)`,
      `    ${each.perTransaction.toFixed(1)} a transaction; ${each.operationsEach.toFixed(2)} puts and ${each.comparesEach.toFixed(2)} compares each`,
      `    floor: bare transactions of that size ${round(floorPerSecond)}/s, ${round(each.floorCpuUsEach)} us; bare single puts ${round(singlePutsPerSecond)}/s`,
    );
  }
  if (barriers)
    lines.push(
      `  applied on another server after the answer   p50 ${barriers.otherServerP50Ms.toFixed(2)} ms, p99 ${barriers.otherServerP99Ms.toFixed(2)} ms`,
      `  ${barriers.asked} barriers in one turn   ${barriers.etcdReads} read of etcd`,
    );
  if (servers) {
    const { own, others } = servers;
    lines.push(
      `  ${servers.servers} servers, ${servers.proxiesEach} proxies each, after the answer of the write: own proxies p50 ${own.p50Ms.toFixed(2)} ms, p99 ${own.p99Ms.toFixed(2)} ms; of the others p50 ${others.p50Ms.toFixed(2)} ms, p99 ${others.p99Ms.toFixed(2)} ms`,
      `  ${servers.reads} default reads over HTTP at once   ${servers.etcdReads.join(', ')} reads of etcd, in ${servers.readsMs.map(round).join(', ')} ms`,
    );
  }
  if (loading)
    lines.push(
      `  start with ${loading.records} records   ${round(loading.ms)} ms (${round(loading.cpuMs)} ms of CPU); floor: a bare list ${round(loading.floorMs)} ms (${round(loading.floorCpuMs)} ms)`,
    );
  return lines.join('\n');
}

const round = (value: number): string => String(Math.round(value));

async function measureBarriers(etcd: Parameters<typeof engine>[0]): Promise<Barriers> {
  const backend = engine(etcd, 'two');
  let etcdReads = 0;
  const counted = instead(backend, {
    barrier: () => {
      etcdReads += 1;
      return backend.barrier();
    },
  });
  const [one, two] = [await openStore(engine(etcd, 'one')), await openStore(counted)];
  const delays = await seenElsewhere(one, two);
  etcdReads = 0;
  await Promise.all(Array.from({ length: BARRIERS }, () => two.barrier()));
  const counts = { asked: BARRIERS, etcdReads };
  await Promise.all([one.close(), two.close()]);
  return { ...counts, otherServerP50Ms: quantile(delays, 0.5), otherServerP99Ms: quantile(delays, 0.99) };
}

/** Delays; 0 when the other was first. */
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
  return delays;
}

function record(key: string) {
  return { key, value: 'eA=='.repeat(40), flags: '0', lockIndex: 0, session: '' };
}
