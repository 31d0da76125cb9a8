import { asObject } from './collections.js';
import type { Field } from './field.js';
import { foldedName, wireName } from './names.js';
import { fieldPath, noteProblem, wrongValue } from './problem.js';

const MAX_SHOWN_PATH_LENGTH = 200;

type IsOptional<Type, Key extends keyof Type> = Record<never, never> extends Pick<Type, Key> ? true : false;

/** The fields of a record type: one per property, `optional(…)` for those that may be absent. */
export type FieldsOf<Type> = {
  readonly [Key in keyof Type]-?: IsOptional<Type, Key> extends true
    ? Field<Exclude<Type[Key], undefined> | undefined>
    : Field<Type[Key]>;
};

interface NamedField {
  readonly key: string;
  readonly wire: string;
  readonly field: Field<unknown>;
  /** A character of its own for a field that may be absent; empty for one that is always there. */
  readonly mark: string;
}

/** So many combinations of fields that are there are remembered. */
const MOST_SHAPES = 128;

export interface ObjectOptions {
  /** Names that are read and forgotten. */
  readonly ignored?: readonly string[];
  /** Names that are checked and forgotten. */
  readonly checked?: Readonly<Record<string, Field<unknown>>>;
  /** Keys with underscores are known in files only, also where bodies may have them elsewhere (`strict: 'types'`). */
  readonly exactNames?: true;
}

/**
 * An object with known fields, written in this order. Keys are found whatever their case and underscores; unknown ones are
 * problems. A required object is always written, if only as `{}`; an optional one exactly when it is present.
 */
export function object<Type extends object>(fields: FieldsOf<Type>, options: ObjectOptions = {}): Field<Type> {
  const named = namedFields(fields);
  const byFoldedName = lookup(named);
  const ignored = new Set((options.ignored ?? []).map(foldedName));
  const checked = new Map(Object.entries(options.checked ?? {}).map(([name, field]) => [foldedName(name), field]));
  const copyOf = copies(named);

  const byWireName = new Map(named.map((entry) => [entry.wire, entry]));

  function targetOf(name: string): NamedField | undefined {
    const exact = byWireName.get(name);
    if (exact !== undefined) return exact;
    const target = byFoldedName.get(foldedName(name));
    return target?.field.camelOnly && name.includes('_') ? undefined : target;
  }

  return {
    empty: copyOf('') as Type,
    members: new Map(named.map(({ wire, field }) => [wire, field])),
    shown: 'always',
    isEmpty: () => false,
    decode(input, path, context) {
      const given: NamedField[] = [];
      const values: unknown[] = [];
      let present = '';
      const isExact = context.strict === 'names' || (context.strict === 'types' && options.exactNames === true);
      const source = asObject(input, path, context);
      for (const name of Object.keys(source)) {
        const value = source[name];
        const target = isExact && name.includes('_') ? undefined : targetOf(name);
        const at = fieldPath(path, target?.wire ?? name);
        if (target === undefined) {
          const field = checked.get(foldedName(name));
          if (field !== undefined) field.decode(value, at, context);
          else if (!ignored.has(foldedName(name)))
            noteProblem(context, { type: 'unknownField', path: cutShort(at), problem: 'is not a known field' });
          continue;
        }
        if (given.includes(target)) wrongValue(context, at, 'is given twice');
        const decoded = target.field.decode(value, at, context);
        given.push(target);
        values.push(decoded);
        if (decoded !== undefined) present += target.mark;
      }
      const result = copyOf(present);
      for (let position = 0; position < given.length; position += 1)
        if (values[position] !== undefined) result[(given[position] as NamedField).key] = values[position];
      return result as Type;
    },
    encode(value) {
      const result: Record<string, unknown> = {};
      for (const { key, wire, field } of named) {
        const entry = (value as Record<string, unknown>)[key];
        if (field.shown === 'never' || (field.optional && entry === undefined)) continue;
        const present = entry === undefined ? field.empty : entry;
        if (field.optional || field.shown === 'always' || !field.isEmpty(present)) result[wire] = field.encode(present);
      }
      return result;
    },
  };
}

/** A name may be as long as the body. */
function cutShort(path: string): string {
  return path.length > MAX_SHOWN_PATH_LENGTH ? `${path.slice(0, MAX_SHOWN_PATH_LENGTH)}…` : path;
}

/**
 * Makes new objects that have all fields with their empty values, and those that may be absent whose marks are given. They are copies:
 * a field that is added to a copy costs more than a whole copy.
 */
function copies(named: readonly NamedField[]): (present: string) => Record<string, unknown> {
  const shapes = new Map<string, Readonly<Record<string, unknown>>>();
  return (present) => {
    let shape = shapes.get(present);
    if (!shape) {
      const fields = named.filter(({ mark }) => present.includes(mark));
      shape = Object.fromEntries(fields.map(({ key, field }) => [key, field.empty]));
      if (shapes.size < MOST_SHAPES) shapes.set(present, shape);
    }
    return { ...shape };
  };
}

function namedFields(fields: Readonly<Record<string, Field<unknown>>>): readonly NamedField[] {
  return Object.entries(fields).map(([key, field], position) => {
    const plain = field.dropsUnit && key.endsWith('Ms') ? key.slice(0, -2) : key;
    const mark = field.empty === undefined ? String.fromCharCode(position + 1) : '';
    return { key, field, wire: field.wireName ?? wireName(plain), mark };
  });
}

function lookup(named: readonly NamedField[]): ReadonlyMap<string, NamedField> {
  const found = new Map<string, NamedField>();
  for (const entry of named)
    for (const name of [entry.wire, ...(entry.field.aliases ?? [])]) {
      const folded = foldedName(name);
      if (found.has(folded) && found.get(folded) !== entry) throw new Error(`two fields are named ${name} on the wire`);
      found.set(folded, entry);
    }
  return found;
}
