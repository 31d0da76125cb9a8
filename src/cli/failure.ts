import type { CliIo } from './io.js';

/** The message of anything thrown. */
export const messageOf = (thrown: unknown): string => (thrown instanceof Error ? thrown.message : String(thrown));

/** Prints `<prefix>: <what was thrown>` and gives the exit code of an error. */
export function failure(io: CliIo, prefix: string, thrown: unknown, exitCode = 1): number {
  io.err(`${prefix}: ${messageOf(thrown)}\n`);
  return exitCode;
}

/** Prints one sentence and gives the exit code of an error. */
export function refuse(io: CliIo, sentence: string, exitCode = 1): number {
  io.err(`${sentence}\n`);
  return exitCode;
}
