import { AppError } from '../../core/index.js';
import { compileRegex } from '../regex/index.js';
import { coerce } from './coerce.js';
import type { FieldType } from './field-type.js';
import { type MatchNode, type MatchOperator, operatorNames } from './filter-node.js';

/** A test of the selected field's value, for the positive operators. */
export type FieldTest = (field: unknown) => boolean;

type Positive = Extract<MatchOperator, 'equal' | 'in' | 'isEmpty' | 'matches'>;

/**
 * The test of one comparison against a field of this type, negations left to the caller. Throws `invalidArgument` when
 * the type has no such operator or the value does not fit the type.
 */
export function compileTest(node: MatchNode, positive: Positive, type: FieldType): FieldTest {
  const name = node.selector.join('.');
  if (!allows(type, positive)) {
    throw new AppError(
      'invalidArgument',
      `Invalid match operator "${operatorNames[node.operator]}" for selector ${JSON.stringify(name)}`,
    );
  }
  const value = node.value ?? '';
  if (positive === 'isEmpty') return isEmpty;
  if (positive === 'matches') return matchTest(value);
  if (type.kind === 'any') return positive === 'equal' ? (field) => looselyEqual(field, value) : looselyIn(value);
  if (type.kind === 'map') return (field) => isRecord(field) && Object.hasOwn(field, value);
  if (positive === 'in' && type.kind === 'string') return (field) => textOf(field).includes(value);
  const wanted = coerced(type.kind === 'list' ? type.element.kind : type.kind, value, name);
  if (type.kind === 'list') return (field) => Array.isArray(field) && field.includes(wanted);
  return (field) => (field ?? zeroOf(wanted)) === wanted;
}

function allows(type: FieldType, operator: Positive): boolean {
  switch (type.kind) {
    case 'any':
      return true;
    case 'string':
      return operator !== 'isEmpty';
    case 'bool':
    case 'int':
    case 'float':
      return operator === 'equal';
    case 'map':
      return operator === 'isEmpty' || operator === 'in';
    case 'list':
      return operator === 'isEmpty' || (operator === 'in' && isScalar(type.element));
    case 'struct':
    case 'opaque':
      return false;
  }
}

function isScalar(type: FieldType): boolean {
  return (
    type.kind === 'string' ||
    type.kind === 'bool' ||
    type.kind === 'int' ||
    type.kind === 'float' ||
    type.kind === 'any'
  );
}

function coerced(kind: FieldType['kind'], text: string, selector: string): string | number | boolean {
  const result = coerce(kind, text);
  if ('value' in result) return result.value;
  throw new AppError(
    'invalidArgument',
    `Failed to coerce value ${JSON.stringify(text)} for selector ${JSON.stringify(selector)}: ${result.problem}`,
  );
}

function matchTest(pattern: string): FieldTest {
  const regex = compileFilterRegex(pattern);
  return (field) => regex.test(textOf(field));
}

function compileFilterRegex(pattern: string): ReturnType<typeof compileRegex> {
  try {
    return compileRegex(pattern);
  } catch (thrown) {
    const problem = AppError.from(thrown);
    throw new AppError(
      problem.code,
      `Failed to compile regular expression ${JSON.stringify(pattern)}: ${problem.message}`,
    );
  }
}

function isEmpty(field: unknown): boolean {
  if (Array.isArray(field) || typeof field === 'string') return field.length === 0;
  return field === undefined || field === null || (isRecord(field) && Object.keys(field).length === 0);
}

function looselyEqual(field: unknown, text: string): boolean {
  if (field === undefined || field === null) return false;
  if (typeof field === 'object') return false;
  const kind = typeof field === 'number' ? 'float' : typeof field === 'boolean' ? 'bool' : 'string';
  const result = coerce(kind, text);
  return 'value' in result && result.value === field;
}

function looselyIn(text: string): FieldTest {
  return (field) => {
    if (Array.isArray(field)) return field.some((item) => looselyEqual(item, text));
    return isRecord(field) ? Object.hasOwn(field, text) : typeof field === 'string' && field.includes(text);
  };
}

function textOf(field: unknown): string {
  return typeof field === 'string' ? field : '';
}

function zeroOf(wanted: string | number | boolean): string | number | boolean {
  if (typeof wanted === 'string') return '';
  return typeof wanted === 'number' ? 0 : false;
}

/** Whether a value is an object with keys. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
