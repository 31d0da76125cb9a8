import { type Field, wrongValue } from '../../../model/wire/index.js';
import type { ArgumentProblem } from './extension.js';

/** The value of an attribute or body of a log line: text (with Envoy's format commands), or something with such texts in it. */
export type LogValue = string | number | boolean | readonly LogValue[] | { readonly [key: string]: LogValue };

/** As OpenTelemetry has it; Envoy takes no other kinds than these. */
export interface OtelValue {
  readonly string_value?: string;
  readonly array_value?: { readonly values: OtelValue[] };
  readonly kvlist_value?: OtelKeyValues;
}

export interface OtelKeyValues {
  readonly values: { readonly key: string; readonly value: OtelValue }[];
}

const MAX_DEPTH = 10;

/** Such a value as a field; anything else is a problem. */
export const logValueField: Field<LogValue | undefined> = {
  empty: undefined,
  optional: true,
  isEmpty: (value) => value === undefined,
  decode(input, path, context) {
    if (input === null || input === undefined) return undefined;
    for (const { problem } of logValueProblems(path, input)) wrongValue(context, path, problem);
    return input as LogValue;
  },
  encode: (value) => value,
};

/** What is wrong with a value whose type nobody has looked at. */
export function logValueProblems(path: string, value: unknown, depth = 0): readonly ArgumentProblem[] {
  if (depth > MAX_DEPTH) return [{ path, problem: `is nested more than ${MAX_DEPTH} levels deep` }];
  if (['string', 'number', 'boolean'].includes(typeof value)) return [];
  if (typeof value !== 'object' || value === null) {
    return [{ path, problem: 'must be text, a number, true or false, or a list or map of these' }];
  }
  return Object.entries(value).flatMap(([key, item]) => logValueProblems(`${path}.${key}`, item, depth + 1));
}

/** The value as Envoy takes it: numbers, true and false as text. */
export function otelValue(value: LogValue): OtelValue {
  if (typeof value !== 'object') return { string_value: String(value) };
  return isList(value) ? { array_value: { values: value.map(otelValue) } } : { kvlist_value: otelKeyValues(value) };
}

/** In the order of their keys: the same values are the same bytes. */
export function otelKeyValues(values: Readonly<Record<string, LogValue>>): OtelKeyValues {
  const sorted = Object.entries(values).sort(([left], [right]) => (left < right ? -1 : 1));
  return { values: sorted.map(([key, value]) => ({ key, value: otelValue(value) })) };
}

const isList = (value: object): value is readonly LogValue[] => Array.isArray(value);
