import {
  COMPILED_UPSTREAMS,
  PROXY,
  type Store,
  compileMesh,
  putInstance,
  putSplit,
  resources,
} from './compile-mesh.js';

/** Compiles and encodes everything that one sidecar is told: cold, and after changes. */

export interface Compiled {
  readonly resources: number;
  readonly bytes: number;
  /** A store that nobody has read yet, in a process whose code is warm. */
  readonly cold: {
    readonly minMs: number;
    readonly p50Ms: number;
    /** Of the process, threads of the engine included. */
    readonly p50CpuMs: number;
    readonly computed: number;
    readonly encoded: number;
  };
  readonly warm: readonly {
    readonly change: string;
    readonly p50Ms: number;
    readonly computed: number;
    readonly encoded: number;
  }[];
}

const WARM_UP = 150;
const RUNS = 150;

const median = (values: readonly number[]): number =>
  [...values].sort((left, right) => left - right)[values.length >> 1] ?? Number.NaN;

let encoded = 0;
let bytes = 0;
const { compute } = resources.resourceCell;
Object.assign(resources.resourceCell, {
  compute: ((view, key) => {
    const made = compute(view, key);
    encoded += 1;
    bytes += made?.bytes.length ?? 0;
    return made;
  }) satisfies typeof compute,
});

/** Keeps everything live that the proxy needs, as a session does. Returns how many resources that are. */
function follow(store: Store): number {
  const followed = new Map<string, () => void>();
  store.subscribe(resources.proxyNeedsCell, resources.proxyNeedsKey(PROXY, '1.40.0'), (needs) => {
    for (const names of needs?.resources.values() ?? [])
      for (const key of names.values())
        if (!followed.has(key))
          followed.set(
            key,
            store.subscribe(resources.resourceCell, key, () => undefined),
          );
  });
  return followed.size;
}

interface Run {
  readonly ms: number;
  readonly cpuMs: number;
  readonly computed: number;
  readonly encoded: number;
}

async function timed(store: Store, run: () => unknown): Promise<Run> {
  const computed = store.counters.cellsComputed;
  encoded = 0;
  bytes = 0;
  const cpu = process.cpuUsage();
  const from = performance.now();
  await run();
  const ms = performance.now() - from;
  const { user, system } = process.cpuUsage(cpu);
  return { ms, cpuMs: (user + system) / 1000, computed: store.counters.cellsComputed - computed, encoded };
}

/** From the commit (durable in memory) until everything that follows is encoded; what is above the cost of the commit itself. */
async function changes(prefix: string): Promise<readonly { change: string; run: Run }[]> {
  const { store, names } = await compileMesh(prefix);
  follow(store);
  const flushed = () => new Promise<void>((resolve) => setImmediate(resolve));
  await flushed();
  const first = names[0] ?? '';
  const kinds: readonly (readonly [string, () => Promise<unknown>])[] = [
    [
      'an endpoint moves',
      () => store.transact('move', (transaction) => putInstance(transaction, first, 0, '10.9.9.9')),
    ],
    ['weights of a splitter', () => store.transact('split', (transaction) => putSplit(transaction, first, 50))],
    ['the same again', () => store.transact('split', (transaction) => putSplit(transaction, first, 50))],
  ];
  const runs: { change: string; run: Run }[] = [];
  for (const [change, write] of kinds)
    runs.push({ change, run: await timed(store, async () => (await write(), await flushed())) });
  await store.close();
  return runs;
}

/** Measures; takes some seconds. */
export async function measureCompile(): Promise<Compiled> {
  const cold: Run[] = [];
  const warm = new Map<string, Run[]>();
  let count = 0;
  let size = 0;
  for (let round = 0; round < WARM_UP + RUNS; round++) {
    const { store } = await compileMesh(`up${round}`);
    const run = await timed(store, () => (count = follow(store)));
    size = bytes;
    await store.close();
    const changed = await changes(`changing${round}`);
    if (round < WARM_UP) continue;
    cold.push(run);
    for (const one of changed) warm.set(one.change, [...(warm.get(one.change) ?? []), one.run]);
  }
  const times = cold.map(({ ms }) => ms);
  const counters = ({ computed = 0, encoded: made = 0 }: Partial<Run> = {}) => ({ computed, encoded: made });
  return {
    resources: count,
    bytes: size,
    cold: {
      minMs: Math.min(...times),
      p50Ms: median(times),
      p50CpuMs: median(cold.map(({ cpuMs }) => cpuMs)),
      ...counters(cold.at(-1)),
    },
    warm: [...warm].map(([change, runs]) => ({
      change,
      p50Ms: median(runs.map(({ ms }) => ms)),
      ...counters(runs.at(-1)),
    })),
  };
}

/** As text. */
export function renderCompile(compiled: Compiled): string {
  const line = (what: string, ms: string, { computed, encoded: made }: { computed: number; encoded: number }) =>
    `${what.padEnd(44)} ${ms.padStart(38)} ${String(computed).padStart(6)} cells computed ${String(made).padStart(5)} resources encoded`;
  return [
    `one sidecar, ${COMPILED_UPSTREAMS} http upstreams with router, splitter, subsets: ${compiled.resources} resources, ${compiled.bytes} bytes`,
    `in a process that has done it ${WARM_UP} times, so that its code is compiled; cold = a store of which no cell was computed, medians of ${RUNS} runs`,
    line(
      'cold: nothing computed yet, warm code',
      `min ${compiled.cold.minMs.toFixed(2)}, p50 ${compiled.cold.p50Ms.toFixed(2)}, CPU ${compiled.cold.p50CpuMs.toFixed(2)} ms`,
      compiled.cold,
    ),
    ...compiled.warm.map((one) => line(one.change, `p50 ${one.p50Ms.toFixed(2)} ms`, one)),
  ].join('\n');
}
