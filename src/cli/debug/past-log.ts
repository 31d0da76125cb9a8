import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const DEFAULT_NAME = 'meshwright.log';

/** The lines of an agent's log file since a time (ms since the epoch). A line without a time belongs to the one before it. */
export function pastLog(path: string, sinceMs: number): string {
  const file = path.endsWith('/') ? join(path, DEFAULT_NAME) : path;
  const lines = readFileSync(file, 'utf8').split('\n');
  const first = lines.findIndex((line) => timeOf(line) >= sinceMs);
  return first < 0 ? '' : lines.slice(first).join('\n');
}

function timeOf(line: string): number {
  const text = /^(\S+Z) \[/.exec(line)?.[1] ?? /"@timestamp":"([^"]+)"/.exec(line)?.[1];
  return text === undefined ? Number.NaN : Date.parse(text);
}
