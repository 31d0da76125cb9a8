import { rmSync } from 'node:fs';
import { createInterface } from 'node:readline';

/**
 * Cleans up behind `dev` when that was killed before it could do so itself. It is told over stdin what there is
 * (`+pid`, `-pid`, `/folder`) and acts when stdin ends.
 */
const processes = new Set<number>();
const folders = new Set<string>();

for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {});
const lines = createInterface({ input: process.stdin });
lines.on('line', (line) => {
  if (line.startsWith('+')) processes.add(Number(line.slice(1)));
  else if (line.startsWith('-')) processes.delete(Number(line.slice(1)));
  else if (line.startsWith('/')) folders.add(line);
});
lines.on('close', () => {
  for (const pid of processes) {
    try {
      process.kill(-pid, 'SIGKILL');
    } catch {
      // It has ended by itself.
    }
  }
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
  process.exit(0);
});
