import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { CliIo } from './io.js';

const REASONS: Readonly<Record<string, string>> = {
  ENOENT: 'no such file or directory',
  EACCES: 'permission denied',
  EISDIR: 'is a directory',
  ENOTDIR: 'not a directory',
};

/** Why a file could not be read, in the words of the system: `open x.hcl: no such file or directory`. */
export function fileProblem(thrown: unknown, shown: string): string {
  const code = (thrown as NodeJS.ErrnoException | undefined)?.code ?? '';
  const verb = code === 'EISDIR' ? 'read' : 'open';
  return `${verb} ${shown}: ${REASONS[code] ?? (thrown instanceof Error ? thrown.message : String(thrown))}`;
}

/** A file named on the command line, or all of stdin for `-`. Throws what `fileProblem` explains. */
export async function readInput(name: string, io: CliIo): Promise<Buffer> {
  return name === '-' ? io.readStdin() : readFileSync(resolve(io.cwd, name));
}
