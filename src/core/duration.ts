import { AppError } from './errors/index.js';

/** Nanoseconds per unit, by the spellings that Go accepts. */
const UNITS: ReadonlyMap<string, bigint> = new Map([
  ['ns', 1n],
  ['us', 1_000n],
  ['\u00b5s', 1_000n],
  ['\u03bcs', 1_000n],
  ['ms', 1_000_000n],
  ['s', 1_000_000_000n],
  ['m', 60_000_000_000n],
  ['h', 3_600_000_000_000n],
]);

const NANOSECONDS_PER_MS = 1_000_000n;
const MAX_NANOSECONDS = 2n ** 63n - 1n;
const MIN_NANOSECONDS = -(2n ** 63n);
const MAX_TEXT_LENGTH = 256;

/**
 * Reads a Go duration such as `1h30m`, `500ms`, `1.5s` or `-10us` (consul-behaviour.md, reading conventions).
 * Returns milliseconds, with a fraction for anything finer; `undefined` when the text is not a duration or does not
 * fit the 64-bit nanoseconds of Go. Fractions of a nanosecond are cut off.
 */
export function parseDurationMs(text: string): number | undefined {
  const nanoseconds = parseNanoseconds(text);
  return typeof nanoseconds === 'bigint' ? toMs(nanoseconds) : undefined;
}

/**
 * Prints milliseconds as Go prints a `time.Duration`: 0 -> `0s`, 500 -> `500ms`, 90000 -> `1m30s`, 72 hours ->
 * `72h0m0s`. Rounded to the nanosecond. Throws `internal` for what is not a finite number.
 */
export function formatDurationMs(ms: number): string {
  if (!Number.isFinite(ms))
    throw new AppError('internal', `a duration must be a finite number of milliseconds, not ${ms}`);
  const whole = Math.trunc(ms);
  const nanoseconds = BigInt(whole) * NANOSECONDS_PER_MS + BigInt(Math.round((ms - whole) * 1e6));
  if (nanoseconds === 0n) return '0s';
  return nanoseconds < 0n ? `-${formatPositive(-nanoseconds)}` : formatPositive(nanoseconds);
}

/**
 * A duration as clients send it: Go duration text, or whole nanoseconds as a number (consul-behaviour.md, reading
 * conventions). Returns milliseconds. Throws `invalidArgument`, in Go's words where there are such.
 */
export function durationFromWire(value: string | number): number {
  if (typeof value === 'string') {
    const nanoseconds = parseNanoseconds(value);
    if (typeof nanoseconds === 'bigint') return toMs(nanoseconds);
    throw new AppError('invalidArgument', nanoseconds.problem);
  }
  if (!Number.isInteger(value) || Math.abs(value) > Number(MAX_NANOSECONDS)) {
    throw new AppError(
      'invalidArgument',
      `time: invalid duration ${value}: a number is whole nanoseconds, text such as "1.5s" has a unit`,
    );
  }
  return value / 1e6;
}

/** Milliseconds as the whole nanoseconds that some answers show as a JSON number. */
export function durationToNanoseconds(ms: number): number {
  return Math.round(ms * 1e6);
}

function toMs(nanoseconds: bigint): number {
  return Number(nanoseconds) / 1e6;
}

function parseNanoseconds(text: string): bigint | { readonly problem: string } {
  const shown = text.length > MAX_TEXT_LENGTH ? `${text.slice(0, 32)}\u2026` : text;
  const invalid = { problem: `time: invalid duration ${JSON.stringify(shown)}` };
  if (text.length > MAX_TEXT_LENGTH) return invalid;
  const negative = text.startsWith('-');
  const body = negative || text.startsWith('+') ? text.slice(1) : text;
  if (body === '0') return 0n;
  let total = 0n;
  let position = 0;
  const part = /([0-9]*)(?:\.([0-9]*))?([^0-9.]*)/y;
  do {
    part.lastIndex = position;
    const [all = '', whole = '', fraction = '', unit = ''] = part.exec(body) ?? [];
    if (whole === '' && fraction === '') return invalid;
    if (unit === '') return { problem: `time: missing unit in duration ${JSON.stringify(shown)}` };
    const scale = UNITS.get(unit);
    if (scale === undefined) {
      return { problem: `time: unknown unit ${JSON.stringify(unit)} in duration ${JSON.stringify(shown)}` };
    }
    total += BigInt(whole) * scale + fractionOf(scale, fraction.slice(0, 19));
    if (total > -MIN_NANOSECONDS) return invalid;
    position += all.length;
  } while (position < body.length);
  const nanoseconds = negative ? -total : total;
  return nanoseconds > MAX_NANOSECONDS ? invalid : nanoseconds;
}

/** In floating point, as Go does, so that a third of an hour written out is twenty minutes. */
function fractionOf(scale: bigint, digits: string): bigint {
  return BigInt(Math.trunc(Number(digits) * (Number(scale) / 10 ** digits.length)));
}

function formatPositive(nanoseconds: bigint): string {
  if (nanoseconds < 1_000n) return `${nanoseconds}ns`;
  if (nanoseconds < 1_000_000n) return `${decimal(nanoseconds, 1_000n)}\u00b5s`;
  if (nanoseconds < 1_000_000_000n) return `${decimal(nanoseconds, 1_000_000n)}ms`;
  const minutes = nanoseconds / 60_000_000_000n;
  const seconds = `${decimal(nanoseconds % 60_000_000_000n, 1_000_000_000n)}s`;
  if (minutes === 0n) return seconds;
  return minutes < 60n ? `${minutes}m${seconds}` : `${minutes / 60n}h${minutes % 60n}m${seconds}`;
}

/** `value / scale` (a power of ten) as a decimal number without trailing zeros. */
function decimal(value: bigint, scale: bigint): string {
  const rest = value % scale;
  if (rest === 0n) return String(value / scale);
  const digits = String(rest).padStart(String(scale).length - 1, '0');
  return `${value / scale}.${digits.replace(/0+$/, '')}`;
}
