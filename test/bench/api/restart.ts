import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { here, typescript } from '../child.js';
import { startAgent, temporaryFolder } from './agent.js';

export interface Restart {
  readonly records: number;
  /** From the start of the process to its first answer from the state, ms; the best of a few. */
  readonly ms: number;
  readonly rssMb: number;
}

const RUNS = 3;

/** How long an agent with that many records takes from its start to its first answer. */
export async function measureRestart(records: number): Promise<Restart> {
  const folder = temporaryFolder();
  try {
    const filled = spawnSync(
      process.execPath,
      [...typescript, here('./api/fill-data.ts'), join(folder.path, 'data', 'state'), String(records)],
      { encoding: 'utf8' },
    );
    if (filled.status !== 0) throw new Error(`the data could not be written:\n${filled.stderr}`);
    let ms = Number.POSITIVE_INFINITY;
    let rssMb = 0;
    for (let run = 0; run < RUNS; run += 1) {
      const agent = await startAgent(folder.path, '/v1/kv/app/0/0');
      ms = Math.min(ms, agent.startMs);
      rssMb = ((await agent.child.ask({ probe: 'memory' })).rss as number) / 1_048_576;
      await agent.stop();
    }
    return { records, ms, rssMb };
  } finally {
    folder.remove();
  }
}
