import type { FieldType } from './field-type.js';

/** A value of an expression, read as the type of the field it is compared with. */
export type Coerced = { readonly value: string | number | boolean } | { readonly problem: string };

const TRUE = new Set(['1', 't', 'T', 'TRUE', 'true', 'True']);
const FALSE = new Set(['0', 'f', 'F', 'FALSE', 'false', 'False']);
const INTEGER = /^[-+]?(?:0[xX](?:_?[0-9a-fA-F])+|0[bB](?:_?[01])+|0[oO]?(?:_?[0-7])+|0|[1-9](?:_?[0-9])*)$/;
const FLOAT = /^[-+]?(?:(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)$/;
const INFINITE = /^[-+]?inf(?:inity)?$/i;

/** Reads the value; the problem is worded as Go words it. */
export function coerce(kind: FieldType['kind'], text: string): Coerced {
  if (kind === 'bool') return coerceBool(text);
  if (kind === 'int') return coerceInt(text);
  if (kind === 'float') return coerceFloat(text);
  return { value: text };
}

function coerceBool(text: string): Coerced {
  if (TRUE.has(text)) return { value: true };
  return FALSE.has(text) ? { value: false } : refused('ParseBool', text, 'invalid syntax');
}

/** Go's base 0: `0x`, `0b`, `0o` or a leading 0 for octal, `_` between digits. */
function coerceInt(text: string): Coerced {
  if (!INTEGER.test(text)) return refused('ParseInt', text, 'invalid syntax');
  const digits = text.replace(/^[-+]/, '').replaceAll('_', '');
  const magnitude = BigInt(/^0\d/.test(digits) ? `0o${digits.slice(1)}` : digits);
  const value = text.startsWith('-') ? -magnitude : magnitude;
  if (value > 2n ** 63n - 1n || value < -(2n ** 63n)) return refused('ParseInt', text, 'value out of range');
  return { value: Number(value) };
}

function coerceFloat(text: string): Coerced {
  if (INFINITE.test(text)) return { value: text.startsWith('-') ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY };
  if (!FLOAT.test(text)) return refused('ParseFloat', text, 'invalid syntax');
  const value = Number(text);
  return Number.isFinite(value) ? { value } : refused('ParseFloat', text, 'value out of range');
}

function refused(reader: string, text: string, why: string): Coerced {
  return { problem: `strconv.${reader}: parsing ${JSON.stringify(text)}: ${why}` };
}
