/**
 * What a filter may select from, by the names of the wire. A field of a struct that is missing in a value counts as empty
 * (`""`, 0, false, no entries), as fields are left out of answers when empty; a key missing in a map is missing.
 * `opaque` cannot be looked into (free-form configuration). `any` is not known beforehand: every selector and operator is
 * taken, and compares with what it finds.
 */
export type FieldType =
  | { readonly kind: 'string' | 'bool' | 'int' | 'float' | 'opaque' | 'any' }
  | { readonly kind: 'list'; readonly element: FieldType }
  | { readonly kind: 'map'; readonly value: FieldType }
  | { readonly kind: 'struct'; readonly fields: Readonly<Record<string, FieldType>> };

export const stringType: FieldType = { kind: 'string' };
export const boolType: FieldType = { kind: 'bool' };
export const intType: FieldType = { kind: 'int' };
export const floatType: FieldType = { kind: 'float' };
export const opaqueType: FieldType = { kind: 'opaque' };
export const anyType: FieldType = { kind: 'any' };

/** A list; selectors go through it to any of its elements. */
export function listOf(element: FieldType): FieldType {
  return { kind: 'list', element };
}

/** A map with text keys of the user's own. */
export function mapOf(value: FieldType): FieldType {
  return { kind: 'map', value };
}

/** An object with these fields, in wire spelling. */
export function structOf(fields: Readonly<Record<string, FieldType>>): FieldType {
  return { kind: 'struct', fields };
}
