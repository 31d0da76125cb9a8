import { constants } from 'node:os';

/** The exit code of a child as shells say it: its own, or 128 + the number of the signal that ended it. */
export const exitCodeOf = (code: number | null, signal: NodeJS.Signals | null): number =>
  code ?? 128 + (signal === null ? 0 : constants.signals[signal]);
