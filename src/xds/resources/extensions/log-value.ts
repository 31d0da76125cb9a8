import type { Field } from '../../../model/wire/index.js';
import type { ArgumentProblem } from './extension.js';

/** The value of an attribute or body of a log line: text (with Envoy's format commands), a number, a boolean, or bytes. */
export type LogValue = string | number | boolean | readonly number[];

/** Such a value as a field; anything else is a problem. */
export const logValueField: Field<LogValue | undefined> = {
  empty: undefined,
  optional: true,
  isEmpty: (value) => value === undefined,
  decode(input, path, context) {
    if (input === null || input === undefined) return undefined;
    for (const { problem } of logValueProblems(path, input))
      context.problems.push({ type: 'wrongValue', path, problem });
    return input as LogValue;
  },
  encode: (value) => value,
};

/** What is wrong with a value whose type nobody has looked at. */
export function logValueProblems(path: string, value: unknown): readonly ArgumentProblem[] {
  const isNumber = typeof value === 'number' && Number.isFinite(value);
  if (typeof value === 'string' || typeof value === 'boolean' || isNumber || isBytes(value)) return [];
  return [{ path, problem: 'must be text, a number, true or false, or a list of bytes' }];
}

function isBytes(value: unknown): value is readonly number[] {
  return Array.isArray(value) && value.every((byte) => Number.isInteger(byte) && byte >= 0 && byte <= 255);
}

/** The value as OpenTelemetry has it. */
export function logValue(value: LogValue) {
  if (typeof value === 'string') return { string_value: value };
  if (typeof value === 'boolean') return { bool_value: value };
  if (typeof value !== 'number') return { bytes_value: Buffer.from(value) };
  return Number.isSafeInteger(value) ? { int_value: String(value) } : { double_value: value };
}
