import type { FieldDescriptor } from './field-descriptors.js';
import { loadEnvoyApi } from './load-envoy-api.js';

/**
 * What a message would silently lose on the wire: misspelt fields, unknown enum words, values of the wrong form, two members
 * of a oneof are not found. Encodes, decodes and compares. Returns sentences with paths; none = lossless.
 */
export function findLosses(typeName: string, message: object): string[] {
  const type = loadEnvoyApi().message(typeName);
  const decoded = type.deserialize(type.serialize(message));
  const losses: string[] = [];
  compareMessage(typeName, message as Readonly<Record<string, unknown>>, decoded, '', losses);
  return losses;
}

function compareMessage(
  typeName: string,
  before: Readonly<Record<string, unknown>>,
  after: Readonly<Record<string, unknown>>,
  path: string,
  losses: string[],
): void {
  const fields = loadEnvoyApi().fields(typeName);
  for (const [name, value] of Object.entries(before)) {
    if (value === undefined || value === null) continue;
    const at = path === '' ? name : `${path}.${name}`;
    const field =
      fields.get(name) ??
      [...fields.values()].find((candidate) => candidate.jsonName === name && typeName.startsWith('google.protobuf.'));
    if (field === undefined) losses.push(`${at} is not a field of ${typeName}`);
    else if (field.isMap) compareMap(field, value as Readonly<Record<string, unknown>>, after[name], at, losses);
    else if (field.repeated) compareList(field, value, after[name], at, losses);
    else compareValue(field, value, after[name], at, losses);
  }
}

function compareMap(
  field: FieldDescriptor,
  before: Readonly<Record<string, unknown>>,
  after: unknown,
  path: string,
  losses: string[],
): void {
  const item = loadEnvoyApi().fields(field.typeName).get('value');
  for (const [key, value] of Object.entries(before)) {
    const found = (after as Readonly<Record<string, unknown>> | undefined)?.[key];
    if (found === undefined) losses.push(`${path}[${key}] is lost`);
    else if (item) compareValue(item, value, found, `${path}[${key}]`, losses);
  }
}

function compareList(field: FieldDescriptor, before: unknown, after: unknown, path: string, losses: string[]): void {
  if (!Array.isArray(before)) {
    losses.push(`${path} must be a list`);
    return;
  }
  const found = (after as readonly unknown[] | undefined) ?? [];
  if (found.length !== before.length) losses.push(`${path} has ${found.length} of ${before.length} items`);
  before.forEach((item, position) => compareValue(field, item, found[position], `${path}[${position}]`, losses));
}

function compareValue(field: FieldDescriptor, before: unknown, after: unknown, path: string, losses: string[]): void {
  if (field.kind === 'message') {
    if (typeof before !== 'object' || before === null || typeof after !== 'object' || after === null)
      losses.push(`${path} is lost`);
    else
      compareMessage(
        field.typeName,
        before as Readonly<Record<string, unknown>>,
        after as Readonly<Record<string, unknown>>,
        path,
        losses,
      );
    return;
  }
  if (field.kind === 'enum') {
    const values = loadEnvoyApi().enumValues(field.typeName);
    if (!values.includes(String(before))) losses.push(`${path}: ${String(before)} is not a value of ${field.typeName}`);
    return;
  }
  if (!sameScalar(before, after)) losses.push(`${path}: ${String(before)} became ${String(after)}`);
}

function sameScalar(before: unknown, after: unknown): boolean {
  if (Buffer.isBuffer(before))
    return before.length === 0 || (Buffer.isBuffer(after) && Buffer.compare(before, after) === 0);
  if (after === undefined) return before === 0 || before === '0' || before === false || before === '';
  if (typeof before === 'number' && typeof after === 'number')
    return Math.fround(before) === Math.fround(after) || before === after;
  return typeof before === typeof after ? before === after : `${before as string}` === `${after as string}`;
}
