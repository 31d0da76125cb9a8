import { durationFromWire, durationToNanoseconds, formatDurationMs } from '../../core/duration.js';
import type { Field } from './field.js';
import { type DecodeContext, type WirePath, kindOf, wrongType, wrongValue } from './problem.js';
import { wellFormed } from './well-formed.js';

/** Text. Numbers and booleans are taken as their text, as Consul does. `lowerCase` folds on decode. */
export function text(options: { readonly lowerCase?: boolean } = {}): Field<string> {
  return {
    empty: '',
    isEmpty: (value) => value === '',
    decode(input, path, context) {
      if (input === null || input === undefined) return '';
      if (typeof input === 'string') return wellFormed(options.lowerCase ? input.toLowerCase() : input);
      if (!context.strict && typeof input === 'number') return String(input);
      if (!context.strict && typeof input === 'boolean') return input ? '1' : '0';
      wrongType(context, path, input, 'must be text');
      return '';
    },
    encode: (value) => value,
  };
}

/** One of some words (`''` = not given). Anything else is a problem that lists the words. */
export function oneOf<Word extends string>(words: readonly Word[]): Field<Word | ''> {
  const known = new Set<string>(words);
  return {
    empty: '',
    isEmpty: (value) => value === '',
    decode(input, path, context) {
      const given = text().decode(input, path, context);
      if (given === '' || known.has(given)) return given as Word | '';
      wrongValue(context, path, `must be one of ${words.map((word) => `"${word}"`).join(', ')}, not "${given}"`);
      return '';
    },
    encode: (value) => value,
  };
}

/** A boolean; also `"true"`, `"false"`, `"1"`, `"0"`, 1 and 0. */
export function flag(): Field<boolean> {
  return {
    empty: false,
    isEmpty: (value) => !value,
    decode(input, path, context) {
      if (input === null || input === undefined) return false;
      if (typeof input === 'boolean') return input;
      const word = flagWord(input, context);
      if (['', 'false', 'f', '0'].includes(word)) return false;
      if (['true', 't', '1'].includes(word)) return true;
      wrongType(context, path, input, 'must be true or false');
      return false;
    },
    encode: (value) => value,
  };
}

/** A number with a fraction; also as text. */
export function decimal(): Field<number> {
  return numeric((input, path, context) => {
    const value = toNumber(input, context);
    if (value !== undefined) return value;
    wrongType(context, path, input, 'must be a number');
    return 0;
  });
}

/** A whole number; also as text. `unsigned32` wraps negative numbers as Go's uint32 does. */
export function integer(options: { readonly unsigned32?: boolean } = {}): Field<number> {
  return numeric((input, path, context) => {
    const value = typeof input === 'boolean' && !context.strict ? Number(input) : toNumber(input, context);
    if (value === undefined) wrongType(context, path, input, 'must be a whole number');
    else if (!Number.isSafeInteger(value)) wrongValue(context, path, `must be a whole number, not ${value}`);
    if (value === undefined || !Number.isSafeInteger(value)) return 0;
    return options.unsigned32 ? value >>> 0 : value;
  });
}

const MAX_UINT64 = 0xffff_ffff_ffff_ffffn;

/** A whole number from 0 to 2^64 - 1; also as text. What JSON cannot hold exactly comes as a bigint. */
export function unsigned64(): Field<bigint> {
  return {
    empty: 0n,
    isEmpty: (value) => value === 0n,
    decode(input, path, context) {
      if (input === null || input === undefined || input === '') return 0n;
      const isExact = typeof input === 'bigint' || Number.isSafeInteger(input);
      if (isExact || (typeof input === 'string' && /^\d{1,20}$/.test(input))) {
        const value = BigInt(input as bigint | number | string);
        if (value >= 0n && value <= MAX_UINT64) return value;
      }
      wrongValue(context, path, `must be a whole number from 0 to 2^64 - 1, not ${kindOf(input)}`);
      return 0n;
    },
    encode: (value) => (value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : value),
  };
}

/**
 * A duration, in milliseconds in the record, under a record name that ends in `Ms`; the wire name has no unit.
 * Read as Go text (`1m30s`) or a number of nanoseconds; written as text, or as nanoseconds where Consul does so.
 */
export function duration(options: { readonly shownAs?: 'text' | 'nanoseconds' } = {}): Field<number> {
  return {
    dropsUnit: true,
    empty: 0,
    isEmpty: (value) => value === 0,
    decode(input, path, context) {
      if (input === null || input === undefined || input === '') return 0;
      if (typeof input === 'string' || typeof input === 'number') {
        try {
          return durationFromWire(input);
        } catch (thrown) {
          wrongValue(context, path, thrown instanceof Error ? thrown.message : String(thrown));
          return 0;
        }
      }
      wrongValue(context, path, `must be a duration such as "10s", not ${kindOf(input)}`);
      return 0;
    },
    encode: (value) => (options.shownAs === 'nanoseconds' ? durationToNanoseconds(value) : formatDurationMs(value)),
  };
}

function numeric(decode: (input: unknown, path: WirePath, context: DecodeContext) => number): Field<number> {
  return {
    empty: 0,
    isEmpty: (value) => value === 0,
    decode: (input, path, context) =>
      input === null || input === undefined || (input === '' && !context.strict) ? 0 : decode(input, path, context),
    encode: (value) => value,
  };
}

/** The word for true or false that is meant; not a word where only JSON's own count. */
function flagWord(input: unknown, { strict }: DecodeContext): string {
  return !strict && (typeof input === 'string' || typeof input === 'number') ? String(input).toLowerCase() : 'none';
}

function toNumber(input: unknown, { strict }: DecodeContext): number | undefined {
  if (typeof input === 'number') return Number.isFinite(input) ? input : undefined;
  if (strict || typeof input !== 'string' || !/^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(input.trim()))
    return undefined;
  return Number(input);
}
