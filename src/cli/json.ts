export { parseExactJson as parseJson, printExactJson as printJson } from '../core/exact-json.js';

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
