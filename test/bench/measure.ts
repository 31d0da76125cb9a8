import { typeUrls } from '../support/fake-envoy/index.js';
import { type ChangeKind, typeOfChange } from './change-kinds.js';
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
  readonly changes: Readonly<Partial<Record<ChangeKind, { readonly product: Spread; readonly floor: Spread }>>>;
  readonly coldStart: { readonly ms: number; readonly cpuUsPerProxy: number; readonly bytesPerProxy: number };
  readonly rssKbPerProxy: number;
  /** Of it, what is alive on the heap: the rest is the HTTP/2 library's, and room that the engine keeps, some 30 MB whatever N is. */
  readonly heapKbPerProxy: number;
  readonly floorRssKbPerProxy: number;
  readonly reconnect: {
    readonly ms: number;
    readonly resources: number;
    readonly bytesPerProxy: number;
    readonly cpuUsPerProxy: number;
  };
}

const SETTLE_MS = 60;
const LONGEST_ROUND_MS = 60_000;
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

/** One side of the comparison: a server and the proxies that are connected to it. */
interface Side {
  readonly fleet: Fleet;
  readonly server: Child;
}

class Rounds {
  readonly #latencies: number[] = [];
  readonly #lasts: number[] = [];
  readonly #cpu: number[] = [];
  readonly #stalls: number[] = [];
  #bytes = 0;
  #messages = 0;
  #count = 0;

  /** Makes one change and waits until every proxy has answered it. Returns the bytes per push. */
  async run(
    side: Side,
    kind: ChangeKind,
    proxies: number,
    counts: boolean,
    cast: () => Promise<bigint>,
  ): Promise<number> {
    const { all } = await side.fleet.arm(kind);
    await side.server.ask({ probe: 'reset' });
    const from = await cast();
    await Promise.race([all, tooLong(kind)]);
    await sleep(SETTLE_MS);
    const probe = (await side.server.ask({ probe: 'read' })) as unknown as { cpuUs: number; stallMs: number };
    const result = await side.fleet.collect(from);
    const bytesPerPush = result.bytes / proxies;
    if (!counts) return bytesPerPush;
    this.#count += proxies;
    this.#latencies.push(...result.latenciesMs);
    this.#lasts.push(result.latenciesMs.reduce((last, one) => Math.max(last, one), 0));
    this.#cpu.push(probe.cpuUs / proxies);
    this.#stalls.push(probe.stallMs);
    this.#bytes += result.bytes;
    this.#messages += result.messages;
    return bytesPerPush;
  }

  get spread(): Spread {
    return {
      p50Ms: at(this.#latencies, 0.5),
      p99Ms: at(this.#latencies, 0.99),
      lastMs: at(this.#lasts, 0.5),
      cpuUsPerPush: at(this.#cpu, 0.5),
      bytesPerPush: this.#bytes / this.#count,
      messagesPerPush: this.#messages / this.#count,
      stallMs: at(this.#stalls, 0.5),
    };
  }
}

async function tooLong(kind: ChangeKind): Promise<never> {
  await sleep(LONGEST_ROUND_MS);
  throw new Error(`${kind} change: not all proxies were told within ${LONGEST_ROUND_MS} ms`);
}

/** Product and floor take turns, so that whatever else the machine does falls on both. */
async function compare(
  product: Side,
  floor: Side,
  kind: ChangeKind,
  count: number,
  proxies: number,
  change: (kind: ChangeKind, round: number) => Promise<bigint>,
): Promise<{ product: Spread; floor: Spread }> {
  const measuredProduct = new Rounds();
  const measuredFloor = new Rounds();
  const typeUrl = typeUrls[typeOfChange[kind]];
  for (let round = 0; round < count + WARM_UP_ROUNDS; round++) {
    const counts = round >= WARM_UP_ROUNDS;
    const bytes = await measuredProduct.run(product, kind, proxies, counts, () => change(kind, round + 1));
    await measuredFloor.run(floor, kind, proxies, counts, async () =>
      BigInt((await floor.server.ask({ op: 'cast', bytes: Math.round(bytes), typeUrl })).from as string),
    );
  }
  return { product: measuredProduct.spread, floor: measuredFloor.spread };
}

export interface MeasureOptions {
  readonly proxies: number;
  readonly repeatNode: boolean;
  readonly rounds: number;
  readonly kinds: readonly ChangeKind[];
  readonly start: (ids: readonly string[]) => Promise<Target>;
  readonly onProgress: (text: string) => void;
}

/** Measures one size of mesh, and the floor of the same payloads in the same run. */
export async function measure(options: MeasureOptions): Promise<Measured> {
  const { proxies, repeatNode, onProgress } = options;
  const ids = Array.from({ length: proxies }, (_, number) => `web-${number}-sidecar-proxy`);
  onProgress(`starting a server with ${proxies} proxies`);
  const target = await options.start(ids);
  const floorServer = new Child(here('./floor-server.ts'), { answers: true, execArgv: [...measured, ...typescript] });
  const product: Side = { fleet: new Fleet(), server: target.child };
  const floor: Side = { fleet: new Fleet(), server: floorServer };
  try {
    onProgress('connecting');
    const before = await memoryOf(target.child);
    await target.child.ask({ probe: 'reset' });
    const cold = await product.fleet.connect(target.port, ids, target.nodeNames, repeatNode);
    const coldCpu = await cpuOf(target.child);
    await sleep(500);
    const after = await memoryOf(target.child);
    const { port } = await floorServer.ask({ op: 'listen' });
    const floorBefore = await memoryOf(floorServer);
    await floor.fleet.connect(port as number, ids, [], repeatNode);
    const floorAfter = await memoryOf(floorServer);
    const changes: Measured['changes'] = {};
    for (const kind of options.kinds) {
      onProgress(`${kind} changes`);
      const change = (one: ChangeKind, round: number) => target.change(one, round);
      Object.assign(changes, { [kind]: await compare(product, floor, kind, options.rounds, proxies, change) });
    }
    onProgress('reconnecting');
    await target.child.ask({ probe: 'reset' });
    const again = (await product.fleet.child.ask({ op: 'reconnect' })) as unknown as Reconnected;
    const againCpu = await cpuOf(target.child);
    return {
      proxies,
      repeatNode,
      changes,
      coldStart: { ms: cold.ms, cpuUsPerProxy: coldCpu / proxies, bytesPerProxy: cold.bytes / proxies },
      rssKbPerProxy: (after.rss - before.rss) / proxies / 1_024,
      heapKbPerProxy: (after.heapUsed - before.heapUsed) / proxies / 1_024,
      floorRssKbPerProxy: (floorAfter.rss - floorBefore.rss) / proxies / 1_024,
      reconnect: {
        ms: again.ms,
        resources: again.resources,
        bytesPerProxy: again.bytes / proxies,
        cpuUsPerProxy: againCpu / proxies,
      },
    };
  } finally {
    for (const side of [product, floor]) await side.fleet.child.stop();
    await floorServer.stop();
    await target.stop();
  }
}

interface Reconnected {
  readonly ms: number;
  readonly resources: number;
  readonly bytes: number;
}

async function memoryOf(child: Child): Promise<{ readonly rss: number; readonly heapUsed: number }> {
  return (await child.ask({ probe: 'memory' })) as unknown as { rss: number; heapUsed: number };
}

async function cpuOf(child: Child): Promise<number> {
  return (await child.ask({ probe: 'read' })).cpuUs as number;
}
