import type { DecodeContext, WirePath } from './problem.js';

/**
 * How one kind of value travels: the wire form (JSON body, decoded HCL) <-> the typed value in our records.
 * Fields are built by the functions of this folder and combined by `object`.
 */
export interface Field<Value> {
  /** The value that stands for an absent (or null) wire value; undefined for optional fields. */
  readonly empty: Value;
  /** Whether the value is left out on encode unless `shown` is `always`. */
  isEmpty(value: Value): boolean;
  /** Never throws: notes problems in the context and returns the empty value then. */
  decode(input: unknown, path: WirePath, context: DecodeContext): Value;
  encode(value: Value): unknown;
  /** Whether the field is `optional(…)`: absent in the record when absent on the wire, shown exactly when present. */
  readonly optional?: true;
  /** `never` = read and forgotten (`CreateIndex` in a body that was read before). */
  readonly shown?: 'always' | 'never';
  /** Of objects: their fields by name on the wire, for those who describe a schema. */
  readonly members?: ReadonlyMap<string, Field<unknown>>;
  /** The name on the wire; by default made from the record's name (`wireName`). */
  readonly wireName?: string;
  /** Further names accepted on decode. */
  readonly aliases?: readonly string[];
  /** The name is not found with underscores. */
  readonly camelOnly?: true;
  /** Durations: the record's name ends in `Ms`, the wire's does not. */
  readonly dropsUnit?: true;
}

/** The type of the values of a field. */
export type ValueOf<F> = F extends Field<infer Value> ? Value : never;

/** The field under another name on the wire, and names accepted besides. */
export function named<Value>(wireName: string, field: Field<Value>, aliases: readonly string[] = []): Field<Value> {
  return { ...field, wireName, aliases: [...(field.aliases ?? []), ...aliases] };
}

/** The field with further names accepted on decode, e.g. `peer_name` for `Peer`. */
export function alias<Value>(field: Field<Value>, ...aliases: readonly string[]): Field<Value> {
  return { ...field, aliases: [...(field.aliases ?? []), ...aliases] };
}

/** A field whose name in snake case Consul does not know: there it is unknown here too. */
export function camelOnly<Value>(field: Field<Value>): Field<Value> {
  return { ...field, camelOnly: true };
}

/** The field is written even when it is empty. */
export function always<Value>(field: Field<Value>): Field<Value> {
  return { ...field, shown: 'always' };
}

/** A field that may be absent in the record: absent on the wire = absent in the record = left out. */
export function optional<Value>(field: Field<Value>): Field<Value | undefined> {
  return {
    ...field,
    empty: undefined,
    optional: true,
    isEmpty: (value) => value === undefined,
    decode: (input, path, context) =>
      input === null || input === undefined ? undefined : field.decode(input, path, context),
    encode: (value) => (value === undefined ? undefined : field.encode(value)),
  };
}

/** A field whose absence is remembered and shown as `null` (Go's nil lists and maps without `omitempty`). */
export function nullable<Value>(field: Field<Value>): Field<Value | null> {
  return {
    ...field,
    empty: null,
    shown: 'always',
    isEmpty: (value) => value === null,
    decode: (input, path, context) =>
      input === null || input === undefined ? null : field.decode(input, path, context),
    encode: (value) => (value === null ? null : field.encode(value)),
  };
}
