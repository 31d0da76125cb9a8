import type { FieldDescriptor } from './field-descriptors.js';
import { envoyApiOf } from './load-envoy-api.js';
import { type PackedAny, typeNameOf } from './pack-any.js';
import { type JsonObject, jsonProblem, readScalar, wellKnownReaders } from './well-known-json.js';

const MAX_DEPTH = 100;
const ANY = 'google.protobuf.Any';

/**
 * A message from its protobuf JSON form, as users write it into escape hatches: names in snake_case or camelCase, durations as
 * `"5s"`, wrappers as bare values, an Any as an object with `@type`. Returns what the encoder takes. Throws
 * AppError('invalidArgument') that names the place: an unknown field, a wrong form, a type that is not loaded.
 */
export function readProtoJson(typeName: string, json: unknown, path = ''): Record<string, unknown> {
  return readMessage(typeName, ofType(typeName, json, path), path, 0);
}

/** The same, packed. A type of its own that the encoder has no codec for (one inside another message) is refused. */
export function fromProtoJson(typeName: string, json: unknown): PackedAny {
  return pack(typeName, readProtoJson(typeName, json), '');
}

function pack(typeName: string, message: Record<string, unknown>, path: string): PackedAny {
  const api = envoyApiOf(typeName);
  if (!api.has(typeName)) throw jsonProblem(path, `has a type that is not known here: ${typeName}`);
  return { type_url: `type.googleapis.com/${typeName}`, value: api.message(typeName).serialize(message) };
}

function readMessage(typeName: string, json: unknown, path: string, depth: number): Record<string, unknown> {
  if (depth > MAX_DEPTH) throw jsonProblem(path, `is nested more than ${MAX_DEPTH} levels deep`);
  if (typeName === ANY) return readAny(json, path, depth);
  const wellKnown = wellKnownReaders.get(typeName);
  if (wellKnown) return wellKnown(json, path);
  if (!isObject(json)) throw jsonProblem(path, 'must be an object');
  const fields = fieldsByJsonName(typeName);
  const message: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(json)) {
    const at = path === '' ? key : `${path}.${key}`;
    const field = fields.get(key);
    if (field === undefined) throw jsonProblem(at, `is not a field of ${typeName}`);
    if (Object.hasOwn(message, field.name)) throw jsonProblem(at, 'is given twice, in both spellings');
    if (value !== null || field.typeName === 'google.protobuf.Value')
      message[field.name] = readField(field, value, at, depth);
  }
  return message;
}

function readField(field: FieldDescriptor, json: unknown, path: string, depth: number): unknown {
  if (field.isMap) return readMap(field, json, path, depth);
  if (!field.repeated) return readOne(field, json, path, depth);
  if (!Array.isArray(json)) throw jsonProblem(path, 'must be a list');
  return json.map((item, position) => readOne(field, item, `${path}[${position}]`, depth));
}

function readMap(field: FieldDescriptor, json: unknown, path: string, depth: number): Record<string, unknown> {
  if (!isObject(json)) throw jsonProblem(path, 'must be an object');
  const value = envoyApiOf(field.typeName).fields(field.typeName).get('value');
  const sorted = Object.entries(json).sort(([left], [right]) => (left < right ? -1 : 1));
  return Object.fromEntries(
    sorted.map(([key, item]) => [key, value ? readOne(value, item, `${path}[${key}]`, depth) : item]),
  );
}

function readOne(field: FieldDescriptor, json: unknown, path: string, depth: number): unknown {
  if (field.kind === 'message') return readMessage(field.typeName, json, path, depth + 1);
  return field.kind === 'enum' ? readEnum(field.typeName, json, path) : readScalar(field.scalar, json, path);
}

function readEnum(typeName: string, json: unknown, path: string): string | number {
  const values = envoyApiOf(typeName).enumValues(typeName);
  if (typeof json === 'number' && Number.isInteger(json)) return json;
  if (typeof json === 'string' && values.includes(json)) return json;
  throw jsonProblem(path, `must be one of ${values.join(', ')}`);
}

/** `{"@type": …, fields}`; a type with a JSON form of its own has that under `value`. */
function readAny(json: unknown, path: string, depth: number): Record<string, unknown> {
  if (!isObject(json) || typeof json['@type'] !== 'string')
    throw jsonProblem(path, 'must be an object with "@type", such as "type.googleapis.com/envoy.config.…"');
  const typeName = typeNameOf(json['@type']);
  if (!envoyApiOf(typeName).has(typeName)) throw jsonProblem(path, `has a type that is not known here: ${typeName}`);
  const inner = wellKnownReaders.has(typeName) || typeName === ANY ? json['value'] : withoutType(json);
  return { ...pack(typeName, readMessage(typeName, inner, path, depth + 1), path) };
}

/** The object without its `@type`, which is optional where the type is known but must be the right one. */
function ofType(typeName: string, json: unknown, path: string): unknown {
  if (!isObject(json) || typeName === ANY || json['@type'] === undefined) return json;
  const given = typeof json['@type'] === 'string' ? typeNameOf(json['@type']) : '';
  if (given !== typeName) throw jsonProblem(path, `must be of type ${typeName}, not ${given}`);
  return withoutType(json);
}

function withoutType(json: unknown): unknown {
  if (!isObject(json) || !Object.hasOwn(json, '@type')) return json;
  return Object.fromEntries(Object.entries(json).filter(([key]) => key !== '@type'));
}

function isObject(json: unknown): json is JsonObject {
  return typeof json === 'object' && json !== null && !Array.isArray(json);
}

const known = new Map<string, ReadonlyMap<string, FieldDescriptor>>();

/** The fields of a message under both of their names. */
function fieldsByJsonName(typeName: string): ReadonlyMap<string, FieldDescriptor> {
  const found = known.get(typeName);
  if (found) return found;
  const fields = [...envoyApiOf(typeName).fields(typeName).values()];
  const made = new Map(fields.flatMap((field) => [[field.name, field] as const, [field.jsonName, field] as const]));
  known.set(typeName, made);
  return made;
}
