import { typeUrls } from '../support/fake-envoy/index.js';
import { type ChangeKind, changeKinds, typeOfChange } from './change-kinds.js';
import { Child, here, measured, typescript } from './child.js';
import type { Target } from './target.js';

/** What one kind of change cost, over several rounds. */
export interface Spread {
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Median over the rounds of the last proxy's answer. */
  readonly lastMs: number;
  readonly cpuUsPerPush: number;
  readonly bytesPerPush: number;
  readonly messagesPerPush: number;
  readonly stallMs: number;
}

export interface Measured {
  readonly proxies: number;
  readonly repeatNode: boolean;
  readonly changes: Readonly<Record<ChangeKind, { readonly product: Spread; readonly floor: Spread }>>;
  readonly coldStart: { readonly ms: number; readonly cpuUsPerProxy: number; readonly bytesPerProxy: number };
  readonly rssKbPerProxy: number;
  readonly reconnect: {
    readonly ms: number;
    readonly resources: number;
    readonly bytesPerProxy: number;
    readonly cpuUsPerProxy: number;
  };
}

const SETTLE_MS = 60;
const WARM_UP_ROUNDS = 3;

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const sorted = (values: readonly number[]) => [...values].sort((left, right) => left - right);
const at = (values: readonly number[], share: number) =>
  sorted(values)[Math.min(values.length - 1, Math.floor(values.length * share))] ?? Number.NaN;

class Fleet {
  readonly child = new Child(here('./fleet.ts'), {
    answers: true,
    execArgv: ['--max-old-space-size=8192', ...typescript],
  });
  #done: (() => void) | undefined;

  constructor() {
    this.child.process.on('message', (message: { id?: number }) => {
      if (message.id === -1) this.#done?.();
    });
  }

  async connect(port: number, ids: readonly string[], nodeNames: readonly string[], repeatNode: boolean) {
    return (await this.child.ask({ op: 'connect', port, ids, nodeNames, repeatNode })) as unknown as {
      ms: number;
      bytes: number;
    };
  }

  /** Resolves with a promise of the moment at which all have answered. */
  async arm(kind: ChangeKind): Promise<{ all: Promise<void> }> {
    const all = new Promise<void>((resolve) => {
      this.#done = resolve;
    });
    await this.child.ask({ op: 'arm', type: typeOfChange[kind], doneId: -1 });
    return { all };
  }

  async collect(from: bigint) {
    return (await this.child.ask({ op: 'collect', from: String(from) })) as unknown as {
      latenciesMs: number[];
      messages: number;
      bytes: number;
    };
  }
}

/** Rounds of one kind of change against a server. `cast` makes the change and tells when it began. */
async function rounds(
  fleet: Fleet,
  server: Child,
  kind: ChangeKind,
  count: number,
  proxies: number,
  cast: (round: number) => Promise<bigint>,
): Promise<Spread> {
  const latencies: number[] = [];
  const lasts: number[] = [];
  const cpu: number[] = [];
  const stalls: number[] = [];
  let bytes = 0;
  let messages = 0;
  for (let round = 0; round < count + WARM_UP_ROUNDS; round++) {
    const { all } = await fleet.arm(kind);
    await server.ask({ probe: 'reset' });
    const from = await cast(round + 1);
    await all;
    await sleep(SETTLE_MS);
    const probe = (await server.ask({ probe: 'read' })) as unknown as { cpuUs: number; stallMs: number };
    const result = await fleet.collect(from);
    if (round < WARM_UP_ROUNDS) continue;
    latencies.push(...result.latenciesMs);
    lasts.push(Math.max(...result.latenciesMs));
    cpu.push(probe.cpuUs / proxies);
    stalls.push(probe.stallMs);
    bytes += result.bytes;
    messages += result.messages;
  }
  return {
    p50Ms: at(latencies, 0.5),
    p99Ms: at(latencies, 0.99),
    lastMs: at(lasts, 0.5),
    cpuUsPerPush: at(cpu, 0.5),
    bytesPerPush: bytes / count / proxies,
    messagesPerPush: messages / count / proxies,
    stallMs: at(stalls, 0.5),
  };
}

export interface MeasureOptions {
  readonly proxies: number;
  readonly repeatNode: boolean;
  readonly rounds: number;
  readonly start: (ids: readonly string[]) => Promise<Target>;
  readonly onProgress: (text: string) => void;
}

/** Measures one size of mesh, and the floor of the same payloads in the same run. */
export async function measure({
  proxies,
  repeatNode,
  rounds: count,
  start,
  onProgress,
}: MeasureOptions): Promise<Measured> {
  const ids = Array.from({ length: proxies }, (_, number) => `web-${number}-sidecar-proxy`);
  onProgress(`starting a server with ${proxies} proxies`);
  const target = await start(ids);
  const fleet = new Fleet();
  try {
    const before = (await target.child.ask({ probe: 'memory' })) as unknown as { rss: number };
    await target.child.ask({ probe: 'reset' });
    onProgress('connecting');
    const cold = await fleet.connect(target.port, ids, target.nodeNames, repeatNode);
    const coldCpu = (await target.child.ask({ probe: 'read' })) as unknown as { cpuUs: number };
    await sleep(500);
    const after = (await target.child.ask({ probe: 'memory' })) as unknown as { rss: number };
    const product: Partial<Record<ChangeKind, Spread>> = {};
    for (const kind of changeKinds) {
      onProgress(`${kind} changes`);
      product[kind] = await rounds(fleet, target.child, kind, count, proxies, (round) => target.change(kind, round));
    }
    onProgress('reconnecting');
    await target.child.ask({ probe: 'reset' });
    const again = (await fleet.child.ask({ op: 'reconnect' })) as unknown as {
      ms: number;
      resources: number;
      bytes: number;
    };
    const againCpu = (await target.child.ask({ probe: 'read' })) as unknown as { cpuUs: number };
    await fleet.child.ask({ op: 'disconnect' });
    await target.stop();
    onProgress('the floor');
    const floor = await measureFloor(ids, repeatNode, count, product as Record<ChangeKind, Spread>);
    return {
      proxies,
      repeatNode,
      changes: Object.fromEntries(
        changeKinds.map((kind) => [kind, { product: product[kind], floor: floor[kind] }]),
      ) as Measured['changes'],
      coldStart: { ms: cold.ms, cpuUsPerProxy: coldCpu.cpuUs / proxies, bytesPerProxy: cold.bytes / proxies },
      rssKbPerProxy: (after.rss - before.rss) / proxies / 1_024,
      reconnect: {
        ms: again.ms,
        resources: again.resources,
        bytesPerProxy: again.bytes / proxies,
        cpuUsPerProxy: againCpu.cpuUs / proxies,
      },
    };
  } finally {
    await fleet.child.stop();
    await target.stop();
  }
}

async function measureFloor(
  ids: readonly string[],
  repeatNode: boolean,
  count: number,
  product: Readonly<Record<ChangeKind, Spread>>,
): Promise<Record<ChangeKind, Spread>> {
  const server = new Child(here('./floor-server.ts'), { answers: true, execArgv: [...measured, ...typescript] });
  const fleet = new Fleet();
  try {
    const { port } = await server.ask({ op: 'listen' });
    await fleet.connect(port as number, ids, [], repeatNode);
    const floor: Partial<Record<ChangeKind, Spread>> = {};
    for (const kind of changeKinds) {
      const bytes = Math.round(product[kind].bytesPerPush);
      const typeUrl = typeUrls[typeOfChange[kind]];
      floor[kind] = await rounds(fleet, server, kind, count, ids.length, async () =>
        BigInt((await server.ask({ op: 'cast', bytes, typeUrl })).from as string),
      );
    }
    return floor as Record<ChangeKind, Spread>;
  } finally {
    await fleet.child.stop();
    await server.stop();
  }
}
