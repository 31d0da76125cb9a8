export { parseExactJson as parseJson } from '../core/exact-json.js';

/** JSON text; bigints are printed as plain numbers. */
export function printJson(value: unknown, indent: string | number = ''): string {
  const held: string[] = [];
  const text = JSON.stringify(
    value,
    (_key, part: unknown) => {
      if (typeof part !== 'bigint') return part;
      held.push(String(part));
      return `\u0000big:${held.length - 1}`;
    },
    indent,
  );
  return held.length === 0
    ? text
    : text.replace(/"\\u0000big:(\d+)"/g, (_match, at: string) => held[Number(at)] ?? '0');
}

/** An object of parsed JSON; anything else counts as an empty one. */
export const asRecord = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};

/** A list of parsed JSON; anything else counts as an empty one. */
export const asList = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

/** Text of parsed JSON; numbers and booleans are printed, anything else counts as empty. */
export const asText = (value: unknown): string =>
  typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' || typeof value === 'bigint'
    ? String(value)
    : '';
