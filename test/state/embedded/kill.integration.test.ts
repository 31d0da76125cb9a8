import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createEmbeddedBackend } from '../../../src/state/backend/embedded/index.js';
import { temporaryFolder } from '../support/engines.js';
import { seededRandom } from '../support/seeded-random.js';

const WRITER = fileURLToPath(new URL('../support/writer-process.ts', import.meta.url));
const KILLS = 20;

function startWriter(shell: string, args: readonly string[]): ChildProcessWithoutNullStreams {
  const child = spawn('bash', ['-c', `${shell} exec "$0" --import tsx "$@"`, process.execPath, WRITER, ...args]);
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
  it(`${KILLS} times while writing has every acknowledged write, whole`, async () => {
    const path = temporaryFolder();
    const random = seededRandom(20);
    const acknowledged = new Set<string>();
    for (let run = 0; run < KILLS; run += 1) {
      const child = startWriter('', [path, `${run}`]);
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
  });
});

describe('a full disk', () => {
  it('refuses writes clearly, goes on reading, takes writes again when it can, and loses nothing acknowledged', async () => {
    const path = temporaryFolder();
    // A limit on the size of each file stands for the full disk: the database's log meets it, a new log has room again.
    const child = startWriter("trap '' XFSZ; ulimit -S -f 3000;", [path, 'full', '4', '1500']);
    const acknowledged = new Set<string>();
    const refusals: string[] = [];
    const readsAfterRefusal: number[] = [];
    let acknowledgedAtRefusal = 0;
    createInterface(child.stdout).on('line', (line) => {
      const text = line.slice(2);
      if (line.startsWith('+ ')) acknowledged.add(text);
      else if (line.startsWith('! ')) refusals.push(text);
      else readsAfterRefusal.push(Number(text));
      acknowledgedAtRefusal ||= refusals.length > 0 ? acknowledged.size : 0;
      if (acknowledgedAtRefusal > 0 && acknowledged.size > acknowledgedAtRefusal + 20) child.kill('SIGKILL');
    });
    await ended(child);
    expect(refusals[0]).toContain(`The disk of ${path} refused a write`);
    expect(refusals[0]).toContain('File too large');
    expect(readsAfterRefusal[0]).toBeGreaterThanOrEqual(acknowledgedAtRefusal - 4);
    const { left, right } = await pairsIn(path);
    expect([...acknowledged].filter((key) => !left.has(key))).toEqual([]);
    expect(left).toEqual(right);
  });
});
