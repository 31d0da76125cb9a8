/**
 * The `api` part of the bench: what an answer of the discovery API costs in CPU time of the server, beside bare node:http and a bare
 * datagram echo that send the same bytes in the same run; what writes, parked queries and a restart cost.
 */
import { readFileSync } from 'node:fs';
import { Child, here, measured, typescript } from '../child.js';
import { startAgent, temporaryFolder } from './agent.js';
import { type Parked, measureParked } from './parked.js';
import type { Rate, Rounds } from './rates.js';
import { type Restart, measureRestart } from './restart.js';
import { measureTraffic } from './traffic.js';

export { renderApi } from './api-table.js';

export interface ApiResults {
  readonly rates: readonly Rate[];
  readonly parked: Parked | undefined;
  readonly restart: Restart | undefined;
}

export interface ApiOptions {
  readonly rounds: Rounds;
  /** What the name of a request must hold to be measured. */
  readonly requests: string;
  /** 0 = not measured. */
  readonly parkedQueries: number;
  readonly restartRecords: number;
  readonly onProgress: (text: string) => void;
}

/** Descriptors that both ends need besides those of the connections. */
const SPARE_FILES = 1_000;

/** Measures the API; fewer queries are parked where a process may not have as many files open. */
export async function measureApi({
  rounds,
  requests,
  parkedQueries,
  restartRecords,
  onProgress,
}: ApiOptions): Promise<ApiResults> {
  const folder = temporaryFolder();
  const floor = new Child(here('./api/floor-server.ts'), { answers: true, execArgv: [...measured, ...typescript] });
  let agent = await startAgent(folder.path);
  try {
    const rates = rounds.count > 0 ? await measureTraffic(agent, floor, { rounds, requests, onProgress }) : [];
    await agent.stop();
    const queries = Math.min(parkedQueries, fileLimit() - SPARE_FILES);
    let parked: Parked | undefined;
    if (queries > 0) {
      onProgress(`${queries} parked queries`);
      agent = await startAgent(folder.path);
      parked = await measureParked(agent, floor, queries);
      await agent.stop();
    }
    if (restartRecords > 0) onProgress(`restart with ${restartRecords} records`);
    const restart = restartRecords > 0 ? await measureRestart(restartRecords) : undefined;
    return { rates, parked, restart };
  } finally {
    await agent.stop();
    await floor.stop();
    folder.remove();
  }
}

function fileLimit(): number {
  try {
    const limits = readFileSync('/proc/self/limits', 'utf8');
    return Number(/Max open files\s+(?:\d+)\s+(\d+)/.exec(limits)?.[1] ?? Number.POSITIVE_INFINITY);
  } catch {
    return Number.POSITIVE_INFINITY;
  }
}
