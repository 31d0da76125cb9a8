import { rmSync, writeFileSync } from 'node:fs';
import { AppError } from '../core/index.js';

/** Writes the number of this process to a file. Returns what removes it. Throws AppError('invalidArgument') when it cannot. */
export function writePidFile(path: string): () => void {
  try {
    writeFileSync(path, `${process.pid}\n`, { mode: 0o644 });
  } catch (thrown) {
    throw new AppError('invalidArgument', `pid_file ${path} cannot be written: ${(thrown as Error).message}`);
  }
  return () => rmSync(path, { force: true });
}
