import type { Problem } from './problems.js';

const MAX_WIRE_INTEGER = 4_294_967_295;
/** Envoy counts time in nanoseconds; nobody waits longer than this, and nothing overflows. */
const LONGEST_MS = 365 * 24 * 3_600_000;

/** A share in per cent, in steps of 0.01; absent = all. `path` is the field's, for the text. */
export function percentProblem(path: string, percent: number | undefined): Problem {
  if (percent === undefined) return undefined;
  if (percent < 0 || percent > 100) return `${path} must be between 0 and 100, not ${percent}`;
  return Math.abs(percent * 100 - Math.round(percent * 100)) < 1e-6
    ? undefined
    : `${path} must be in steps of 0.01, not ${percent}`;
}

/** A time above zero, where one is given. */
export function positiveDurationProblem(path: string, ms: number | undefined): Problem {
  if (ms === undefined) return undefined;
  if (ms < 1) return `${path} must be at least 1ms`;
  return ms > LONGEST_MS ? `${path} must not be longer than a year` : undefined;
}

/** A whole number within limits, where one is given. */
export function countProblem(
  path: string,
  count: number | undefined,
  least: number,
  most: number = MAX_WIRE_INTEGER,
): Problem {
  if (count === undefined || (count >= least && count <= most)) return undefined;
  if (most !== MAX_WIRE_INTEGER) return `${path} must be between ${least} and ${most}, not ${count}`;
  return `${path} must be ${count < least ? `at least ${least}` : `at most ${most}`}, not ${count}`;
}
