import protobuf from 'protobufjs';
import { type Message, setFields } from './message-types.js';
import { visit } from './references.js';

/** One field's rules as the .proto files state them: { string: { min_len: 1 } }, { message: { required: true } } … */
type Rules = Readonly<Record<string, Readonly<Record<string, unknown>> | undefined>>;

const option = (of: protobuf.ReflectionObject, name: string): unknown => {
  const all = (of.parsedOptions as unknown as Record<string, unknown>[] | null) ?? [];
  const found = all.map((one) => one[name]).filter((value) => value !== undefined);
  if (found.length < 2 || typeof found[0] !== 'object') return found[0];
  return Object.assign({}, ...(found as object[])) as unknown;
};

const rulesOf = (field: protobuf.Field): Rules | undefined => option(field, '(validate.rules)') as Rules | undefined;

const asList = (value: unknown): unknown[] => (Array.isArray(value) ? value : value === undefined ? [] : [value]);
const size = (value: unknown): number => (typeof value === 'string' ? Array.from(value).length : 0);

/** A duration of a message or of a rule, in nanoseconds. */
const nanoseconds = (value: unknown): bigint => {
  const { seconds = 0, nanos = 0 } = (value ?? {}) as { seconds?: unknown; nanos?: unknown };
  return BigInt(String(seconds)) * 1_000_000_000n + BigInt(Number(nanos));
};

/** Bounds; PGV turns a pair like `lt: 1, gt: 5` around into "outside". */
function outside<T extends number | bigint>(
  value: T,
  rule: Readonly<Record<string, unknown>>,
  read: (bound: unknown) => T,
): string | undefined {
  const tests: Record<string, (bound: T) => boolean> = {
    lt: (bound) => value < bound,
    lte: (bound) => value <= bound,
    gt: (bound) => value > bound,
    gte: (bound) => value >= bound,
    const: (bound) => value === bound,
  };
  for (const [name, holds] of Object.entries(tests)) {
    if (rule[name] !== undefined && !holds(read(rule[name]))) return `value must be ${name} ${read(rule[name])}`;
  }
  if (rule['in'] !== undefined && !asList(rule['in']).some((one) => read(one) === value))
    return 'value must be in the list';
  if (asList(rule['not_in']).some((one) => read(one) === value)) return 'value must not be in the list';
  return undefined;
}

const wellKnown: Readonly<Record<string, readonly [strict: RegExp, loose: RegExp]>> = {
  HTTP_HEADER_NAME: [/^:?[0-9a-zA-Z!#$%&'*+\-.^_|~`]+$/, /^[^\0\n\r]*$/],
  HTTP_HEADER_VALUE: [/^[\t\P{Cc}]*$/u, /^[^\0\n\r]*$/],
};

function badString(value: string, rule: Readonly<Record<string, unknown>>): string | undefined {
  if (value === '' && rule['ignore_empty'] === true) return undefined;
  const bytes = Buffer.byteLength(value);
  const limits: [string, number, boolean][] = [
    ['min_len', size(value), true],
    ['max_len', size(value), false],
    ['min_bytes', bytes, true],
    ['max_bytes', bytes, false],
  ];
  for (const [name, length, least] of limits) {
    const bound = rule[name];
    if (bound !== undefined && (least ? length < Number(bound) : length > Number(bound)))
      return `value length breaks ${name} ${Number(bound)}`;
  }
  if (typeof rule['prefix'] === 'string' && !value.startsWith(rule['prefix']))
    return `value must begin with ${rule['prefix']}`;
  if (rule['in'] !== undefined && !asList(rule['in']).includes(value)) return 'value must be in the list';
  if (typeof rule['pattern'] === 'string' && !new RegExp(rule['pattern']).test(value))
    return `value must match ${rule['pattern']}`;
  const known = wellKnown[String(rule['well_known_regex'] ?? '')];
  if (known && !known[rule['strict'] === false ? 1 : 0].test(value))
    return `value must be like ${String(rule['well_known_regex'])}`;
  return undefined;
}

function badEnum(field: protobuf.Field, value: number, rule: Readonly<Record<string, unknown>>): string | undefined {
  const values = field.resolvedType instanceof protobuf.Enum ? field.resolvedType.valuesById : {};
  if (rule['defined_only'] === true && values[value] === undefined)
    return 'value must be one of the defined enum values';
  return outside(value, rule, Number);
}

/** What is wrong with one value that is not a list or map, by the rules for its kind. */
function badValue(field: protobuf.Field, value: unknown, rules: Rules): string | undefined {
  for (const [kind, rule] of Object.entries(rules)) {
    if (!rule) continue;
    if (kind === 'string') return badString(String(value ?? ''), rule);
    if (kind === 'enum') return badEnum(field, Number(value ?? 0), rule);
    if (kind === 'bool' && rule['const'] !== undefined && (value === true) !== rule['const'])
      return `value must be ${String(rule['const'])}`;
    if (kind === 'bytes' && ((value as Uint8Array | undefined) ?? []).length < Number(rule['min_len'] ?? 0))
      return 'too few bytes';
    if (kind === 'duration' && value !== undefined) return outside(nanoseconds(value), rule, nanoseconds);
    if (/^(?:u|s|s?fixed)?int(?:32|64)|fixed|float|double/.test(kind)) return outside(Number(value ?? 0), rule, Number);
  }
  return undefined;
}

function badField(field: protobuf.Field, value: unknown): string | undefined {
  const rules = rulesOf(field);
  if (!rules) return undefined;
  const required = ['message', 'duration', 'any', 'timestamp'].some((kind) => rules[kind]?.['required'] === true);
  // A member of a oneof that is not set breaks no rule of its own.
  if (required && value === undefined && !field.partOf) return 'value is required';
  if (field.map) {
    const count = Object.keys(value ?? {}).length;
    if (count < Number(rules['map']?.['min_pairs'] ?? 0)) return 'value must contain more pairs';
    const keys = rules['map']?.['keys'] as Rules | undefined;
    return keys
      ? Object.keys(value ?? {})
          .map((key) => badString(key, keys['string'] ?? {}))
          .find(Boolean)
      : undefined;
  }
  if (field.repeated) {
    const list = (value as unknown[] | undefined) ?? [];
    const rule = rules['repeated'] ?? {};
    if (list.length < Number(rule['min_items'] ?? 0))
      return `value must contain at least ${Number(rule['min_items'])} item(s)`;
    if (rule['max_items'] !== undefined && list.length > Number(rule['max_items']))
      return `value must contain at most ${Number(rule['max_items'])} item(s)`;
    const items = rule['items'] as Rules | undefined;
    return items ? list.map((one) => badValue(field, one, items)).find(Boolean) : undefined;
  }
  // A wrapper or a member of a oneof that is not set has nothing to check; its rules are about the value inside.
  if (value === undefined && (field.partOf || field.resolvedType instanceof protobuf.Type)) return undefined;
  return badValue(field, isWrapper(field) ? (value as Message)['value'] : value, rules);
}

const isWrapper = (field: protobuf.Field): boolean =>
  /^\.google\.protobuf\.\w+Value$/.test(field.resolvedType?.fullName ?? '');

/**
 * The first violation of the field rules (validate.rules) of the API in a message or in what it holds, as
 * "Type.field: what is wrong", or undefined. Envoy refuses such a resource.
 */
export function brokenRule(type: protobuf.Type, message: Message): string | undefined {
  let found: string | undefined;
  visit(type, message, (at, inner) => {
    if (found !== undefined) return;
    const values = new Map([...setFields(at, inner)].map(([field, value]) => [field.name, value]));
    for (const field of at.fieldsArray) {
      const why = badField(field, values.get(field.name));
      if (why) found ??= `${at.name}.${field.name}: ${why}`;
    }
    for (const oneof of at.oneofsArray) {
      if (option(oneof, '(validate.required)') !== true) continue;
      if (!oneof.fieldsArray.some((field) => values.has(field.name)))
        found ??= `${at.name}.${oneof.name}: value is required`;
    }
  });
  return found;
}
