import { AppError } from '../../core/index.js';

export type JsonObject = Readonly<Record<string, unknown>>;

/** Reads the JSON form of a type that protobuf writes in a way of its own; the path is for the error's sentence. */
export type JsonReader = (json: unknown, path: string) => Record<string, unknown>;

/** What is wrong, and where. */
export function jsonProblem(path: string, problem: string): AppError {
  return new AppError('invalidArgument', `${path === '' ? 'the message' : path} ${problem}`);
}

/** Scalars by protoc's names: `TYPE_UINT32`, `TYPE_STRING` … 64 bit numbers become decimal text, bytes a Buffer. */
export function readScalar(scalar: string, json: unknown, path: string): unknown {
  if (scalar === 'TYPE_STRING') return expected(typeof json === 'string', json, path, 'text');
  if (scalar === 'TYPE_BOOL') return expected(typeof json === 'boolean', json, path, 'true or false');
  if (scalar === 'TYPE_BYTES') return readBytes(json, path);
  if (scalar === 'TYPE_DOUBLE' || scalar === 'TYPE_FLOAT') return readFloat(json, path);
  return readInteger(scalar, json, path);
}

function expected(holds: boolean, json: unknown, path: string, what: string): unknown {
  if (holds) return json;
  throw jsonProblem(path, `must be ${what}`);
}

function readBytes(json: unknown, path: string): Buffer {
  if (typeof json === 'string' && /^[A-Za-z0-9+/_-]*={0,2}$/.test(json))
    return Buffer.from(json.replaceAll('-', '+').replaceAll('_', '/'), 'base64');
  throw jsonProblem(path, 'must be base64 text');
}

const WORDS = ['NaN', 'Infinity', '-Infinity'];

function readFloat(json: unknown, path: string): number {
  const number = typeof json === 'string' && isNumberText(json) ? Number(json) : json;
  if (typeof number === 'number') return number;
  throw jsonProblem(path, 'must be a number');
}

const isNumberText = (text: string): boolean =>
  WORDS.includes(text) || (text.trim() !== '' && !Number.isNaN(Number(text)));

const ranges: Readonly<Record<string, readonly [bigint, bigint]>> = {
  32: [-(2n ** 31n), 2n ** 31n - 1n],
  U32: [0n, 2n ** 32n - 1n],
  64: [-(2n ** 63n), 2n ** 63n - 1n],
  U64: [0n, 2n ** 64n - 1n],
};

function readInteger(scalar: string, json: unknown, path: string): number | string {
  const wide = scalar.endsWith('64');
  const unsigned = scalar.includes('UINT') || scalar === 'TYPE_FIXED32' || scalar === 'TYPE_FIXED64';
  const [least = 0n, most = 0n] = ranges[`${unsigned ? 'U' : ''}${wide ? '64' : '32'}`] ?? [];
  const value = wholeNumber(json);
  if (value === undefined || value < least || value > most)
    throw jsonProblem(path, `must be a whole number from ${least} to ${most}`);
  return wide ? String(value) : Number(value);
}

function wholeNumber(json: unknown): bigint | undefined {
  if (typeof json === 'number') return Number.isInteger(json) ? BigInt(json) : undefined;
  return typeof json === 'string' && /^-?\d{1,20}$/.test(json) ? BigInt(json) : undefined;
}

const DURATION = /^(-?)(\d{1,12})(?:\.(\d{1,9}))?s$/;

function readDuration(json: unknown, path: string): Record<string, unknown> {
  const parts = typeof json === 'string' ? DURATION.exec(json) : null;
  if (parts === null) throw jsonProblem(path, 'must be a duration in seconds, such as "5s" or "0.25s"');
  const [, sign = '', seconds = '0', fraction = ''] = parts;
  const signed = (text: string): number => (sign === '-' && Number(text) !== 0 ? -Number(text) : Number(text));
  return { seconds: String(signed(seconds)), nanos: signed(fraction.padEnd(9, '0')) };
}

function readTimestamp(json: unknown, path: string): Record<string, unknown> {
  const parts =
    typeof json === 'string' ? /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)$/.exec(json) : null;
  const [, time = '', fraction = '', zone = ''] = parts ?? [];
  const atMs = globalThis.Date.parse(`${time}${zone}`);
  if (parts === null || Number.isNaN(atMs)) throw jsonProblem(path, 'must be a time such as "2026-01-31T12:00:00Z"');
  return { seconds: String(atMs / 1000), nanos: Number(fraction.padEnd(9, '0')) };
}

function readFieldMask(json: unknown, path: string): Record<string, unknown> {
  if (typeof json !== 'string') throw jsonProblem(path, 'must be field names joined by commas');
  const paths = json.split(',').filter((part) => part !== '');
  return { paths: paths.map((part) => part.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)) };
}

const isObject = (json: unknown): json is JsonObject =>
  typeof json === 'object' && json !== null && !Array.isArray(json);

const MAX_DEPTH = 100;

/** The fields of Struct and Value keep their camelCase names whatever the loader is told. */
function readStruct(json: unknown, path: string, depth = 0): Record<string, unknown> {
  if (!isObject(json)) throw jsonProblem(path, 'must be an object');
  return {
    fields: Object.fromEntries(Object.entries(json).map(([key, value]) => [key, readValue(value, path, depth)])),
  };
}

function readValue(json: unknown, path: string, depth = 0): Record<string, unknown> {
  if (depth > MAX_DEPTH) throw jsonProblem(path, `is nested more than ${MAX_DEPTH} levels deep`);
  if (typeof json === 'string') return { stringValue: json };
  if (typeof json === 'number') return { numberValue: json };
  if (typeof json === 'boolean') return { boolValue: json };
  if (Array.isArray(json)) return { listValue: readList(json, path, depth + 1) };
  return isObject(json) ? { structValue: readStruct(json, path, depth + 1) } : { nullValue: 'NULL_VALUE' };
}

function readList(json: unknown, path: string, depth = 0): Record<string, unknown> {
  if (!Array.isArray(json)) throw jsonProblem(path, 'must be a list');
  return { values: json.map((item) => readValue(item, path, depth)) };
}

const wrapper =
  (scalar: string): JsonReader =>
  (json, path) => ({ value: readScalar(scalar, json, path) });

/** The types of google.protobuf that have a JSON form of their own. */
export const wellKnownReaders: ReadonlyMap<string, JsonReader> = new Map<string, JsonReader>(
  Object.entries({
    Duration: readDuration,
    Timestamp: readTimestamp,
    FieldMask: readFieldMask,
    Struct: (json, path) => readStruct(json, path),
    Value: (json, path) => readValue(json, path),
    ListValue: (json, path) => readList(json, path),
    BoolValue: wrapper('TYPE_BOOL'),
    BytesValue: wrapper('TYPE_BYTES'),
    DoubleValue: wrapper('TYPE_DOUBLE'),
    FloatValue: wrapper('TYPE_FLOAT'),
    Int32Value: wrapper('TYPE_INT32'),
    Int64Value: wrapper('TYPE_INT64'),
    StringValue: wrapper('TYPE_STRING'),
    UInt32Value: wrapper('TYPE_UINT32'),
    UInt64Value: wrapper('TYPE_UINT64'),
  } satisfies Record<string, JsonReader>).map(([name, reader]) => [`google.protobuf.${name}`, reader]),
);
