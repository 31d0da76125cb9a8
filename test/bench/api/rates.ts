import type { Child } from '../child.js';
import type { LoadResult } from './http-load.js';

/** How cheap a kind of request is, at its best of several rounds, and the floor beside it. */
export interface Rate {
  readonly name: string;
  readonly bytes: number;
  /** Requests per second of the server's CPU time. */
  readonly perCpuSecond: number;
  /** Requests per second of the clock, with whatever else the machine does. */
  readonly perSecond: number;
  readonly floorPerCpuSecond: number;
}

export interface Rounds {
  readonly count: number;
  readonly durationMs: number;
}

/** Something that can be loaded, and the process whose CPU that costs. */
export interface Loaded {
  readonly child: Child;
  readonly run: (durationMs: number) => Promise<LoadResult>;
}

interface Best {
  cpuUs: number;
  perSecond: number;
}

/** Product and floor take turns, so that whatever else the machine does falls on both; the best round of each counts. */
export async function compareRates(
  name: string,
  bytes: number,
  product: Loaded,
  floor: Loaded,
  { count, durationMs }: Rounds,
): Promise<Rate> {
  const best = [product, floor].map((): Best => ({ cpuUs: Number.POSITIVE_INFINITY, perSecond: 0 }));
  for (let round = -1; round < count; round += 1) {
    for (const [at, side] of [product, floor].entries()) {
      const measured = await once(side, durationMs);
      const kept = best[at];
      // The first round warms up.
      if (round < 0 || kept === undefined) continue;
      kept.cpuUs = Math.min(kept.cpuUs, measured.cpuUs);
      kept.perSecond = Math.max(kept.perSecond, measured.perSecond);
    }
  }
  const [ofProduct, ofFloor] = best as [Best, Best];
  return {
    name,
    bytes,
    perCpuSecond: 1e6 / ofProduct.cpuUs,
    perSecond: ofProduct.perSecond,
    floorPerCpuSecond: 1e6 / ofFloor.cpuUs,
  };
}

async function once({ child, run }: Loaded, durationMs: number): Promise<Best> {
  await child.ask({ probe: 'reset' });
  const { answers, ms } = await run(durationMs);
  const { cpuUs } = await child.ask({ probe: 'read' });
  return { cpuUs: (cpuUs as number) / answers, perSecond: (answers * 1_000) / ms };
}
