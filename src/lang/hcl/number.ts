import type { Read } from './hcl-lexer.js';
import { type Fail, shown } from './syntax-error.js';

const NUMBER = /0[xX][0-9a-fA-F]*|\d*(?:\.\d*)?(?:[eE][-+]?\d*)?/y;
const MAX_LENGTH = 400;
const LEAST_INTEGER = -(2n ** 63n);
const GREATEST_INTEGER = 2n ** 63n - 1n;

/**
 * A number at `start`: decimal, `0x` hexadecimal, octal with a leading 0, a fraction or an exponent; `-` directly before.
 * Whole numbers must fit 64 bits, and lose precision beyond 2^53.
 */
export function readNumber(text: string, start: number, fail: Fail): Read<number> {
  const negative = text[start] === '-';
  const first = negative ? start + 1 : start;
  NUMBER.lastIndex = first;
  const digits = NUMBER.exec(text)?.[0] ?? '';
  const end = first + digits.length;
  const value = digits.length > MAX_LENGTH ? undefined : numberOf(digits);
  if (value === undefined || (negative && digits.startsWith('.'))) {
    throw fail(start, `${shown(text.slice(start, Math.max(end, start + 1)))} is not a number that can be read`);
  }
  return { value: negative && value !== 0 ? -value : value, end };
}

function numberOf(digits: string): number | undefined {
  const value = /^(?:0[xX][0-9a-fA-F]+|\d+)$/.test(digits) ? integerOf(digits) : fractionOf(digits);
  return value !== undefined && Number.isFinite(value) ? value : undefined;
}

function integerOf(digits: string): number | undefined {
  const octal = /^0\d/.test(digits);
  if (octal && /[89]/.test(digits)) return undefined;
  const value = BigInt(octal ? `0o${digits}` : digits);
  return value >= LEAST_INTEGER && value <= GREATEST_INTEGER ? Number(value) : undefined;
}

function fractionOf(digits: string): number | undefined {
  return /^(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?$/.test(digits) ? Number(digits) : undefined;
}
