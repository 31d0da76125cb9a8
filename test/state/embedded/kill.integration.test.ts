import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createEmbeddedBackend } from '../../../src/state/backend/embedded/index.js';
import { temporaryFolder } from '../support/engines.js';
import { seededRandom } from '../support/seeded-random.js';

const WRITER = fileURLToPath(new URL('../support/writer-process.ts', import.meta.url));
/** 50 and more by MESHWRIGHT_KILLS, as `npm run damage` gives them. */
const KILLS = Number(process.env.MESHWRIGHT_KILLS ?? 5);
const SEED = Number(process.env.MESHWRIGHT_SEED ?? Date.now() % 1_000_000);

function startWriter(args: readonly string[]): ChildProcessWithoutNullStreams {
  const child = spawn(process.execPath, ['--import', 'tsx', WRITER, ...args]);
  onTestFinished(() => void child.kill('SIGKILL'));
  child.stderr.pipe(process.stderr);
  return child;
}

const ended = (child: ChildProcessWithoutNullStreams): Promise<void> =>
  new Promise((resolve) => child.on('close', () => resolve()));

/** The keys under `left/` and `right/`; opening verifies the whole chain. */
async function pairsIn(path: string): Promise<{ left: Set<string>; right: Set<string> }> {
  const backend = createEmbeddedBackend({ path });
  await backend.open();
  const { records } = await backend.list();
  await backend.close();
  const under = (side: string): Set<string> =>
    new Set(records.filter(({ key }) => key.startsWith(side)).map(({ key }) => key.slice(side.length)));
  return { left: under('left/'), right: under('right/') };
}

describe('a server that is killed', () => {
  it(`${KILLS} times while writing has every acknowledged write, whole (seed ${SEED})`, async () => {
    const path = temporaryFolder();
    const random = seededRandom(SEED);
    const acknowledged = new Set<string>();
    for (let run = 0; run < KILLS; run += 1) {
      const child = startWriter([path, `${run}`, '64']);
      let killAfter: NodeJS.Timeout | undefined;
      const lines = createInterface(child.stdout);
      lines.on('line', (line) => {
        killAfter ??= setTimeout(() => child.kill('SIGKILL'), 20 + random() * 250);
        if (line.startsWith('+ ')) acknowledged.add(line.slice(2));
      });
      await ended(child);
    }
    const { left, right } = await pairsIn(path);
    expect(acknowledged.size).toBeGreaterThan(KILLS * 20);
    expect([...acknowledged].filter((key) => !left.has(key))).toEqual([]);
    expect(left).toEqual(right);
  }, 600_000);
});
