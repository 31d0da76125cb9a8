import type { Field } from './field.js';
import { type DecodeContext, type WirePath, fieldPath, wrongType } from './problem.js';
import { wellFormed, wellFormedDeep } from './well-formed.js';

/** A list; a lone value is taken as a list of one (HCL blocks, Consul's lenient decoding). */
export function list<Item>(item: Field<Item>): Field<readonly Item[]> {
  return {
    empty: [],
    isEmpty: (value) => value.length === 0,
    decode(input, path, context) {
      if (input === null || input === undefined) return [];
      if (context.strict && !Array.isArray(input)) {
        wrongType(context, path, input, 'must be a list');
        return [];
      }
      const items = Array.isArray(input) ? input : [input];
      return items.map((entry, position) => item.decode(entry, `${path}[${position}]`, context));
    },
    encode: (value) => value.map((entry) => item.encode(entry)),
  };
}

/** A map whose keys are the user's own and are kept as written (Meta, header maps, subsets). */
export function map<Item>(item: Field<Item>): Field<Readonly<Record<string, Item>>> {
  return {
    empty: {},
    isEmpty: (value) => Object.keys(value).length === 0,
    decode(input, path, context) {
      const source = asObject(input, path, context);
      const names = Object.keys(source);
      // Most are empty.
      if (names.length === 0) return {};
      return Object.fromEntries(
        names.map((key) => [wellFormed(key), item.decode(source[key], fieldPath(path, key), context)]),
      );
    },
    encode: (value) => Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, item.encode(entry)])),
  };
}

/** An object that nobody but the user gives a type (proxy `Config`, extension `Arguments`): kept whole, keys as written. */
export function opaque(): Field<Readonly<Record<string, unknown>>> {
  return {
    empty: {},
    isEmpty: (value) => Object.keys(value).length === 0,
    decode(input, path, context) {
      const source = wellFormedDeep(asObject(input, path, context)) as Record<string, unknown>;
      return context.hclBlocks ? (unwrapBlocks(source) as Record<string, unknown>) : source;
    },
    encode: (value) => value,
  };
}

/** The object meant by a value: itself, or the only element of an HCL1 block list; {} for nothing. */
export function asObject(input: unknown, path: WirePath, context: DecodeContext): Record<string, unknown> {
  const value = !context.strict && Array.isArray(input) && input.length < 2 ? (input[0] as unknown) : input;
  if (value === null || value === undefined) return {};
  if (typeof value === 'object' && !Array.isArray(value)) return value as Record<string, unknown>;
  wrongType(context, path, value, 'must be an object');
  return {};
}

function unwrapBlocks(value: unknown): unknown {
  if (Array.isArray(value)) {
    const only = value.length === 1 ? (value[0] as unknown) : undefined;
    if (typeof only === 'object' && only !== null && !Array.isArray(only)) return unwrapBlocks(only);
    return value.map(unwrapBlocks);
  }
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, entry]) => [key, unwrapBlocks(entry)]));
}
