import { AppError } from '../../../core/index.js';
import { loadEnvoyApi, readProtoJson } from '../../envoy-api/index.js';

type EnvoyApi = ReturnType<typeof loadEnvoyApi>;
export type FieldDescription = NonNullable<ReturnType<ReturnType<EnvoyApi['fields']>['get']>>;

const ANY = 'google.protobuf.Any';
/** Types that have a form of their own besides that of a map of fields. */
const WELL_KNOWN = /^google\.protobuf\.(?:Duration|Timestamp|FieldMask|[A-Z][A-Za-z0-9]+Value)$/;
const FREE_FORM: ReadonlySet<string> = new Set(
  ['Struct', 'Value', 'ListValue'].map((name) => `google.protobuf.${name}`),
);

/**
 * The value of a property as the encoder takes it: a scalar, a word of an enum (or its number), a list of these, or a map of
 * fields. Wrappers take the bare value, durations text such as "5s". Throws AppError('invalidArgument') that names the path.
 */
export function readPropertyValue(field: FieldDescription, value: unknown, path: string): unknown {
  if (value === undefined || value === null) throw wrong(path, 'needs a Value');
  if (field.isMap) throw wrong(path, 'is a map: entries of maps cannot be set');
  if (!field.repeated) return readOne(field, value, path);
  if (field.kind === 'message') throw wrong(path, 'is a list of messages, which cannot be set');
  if (!Array.isArray(value)) throw wrong(path, 'is a list: its Value must be one');
  return value.map((item, position) => readOne(field, item, `${path}/${position}`));
}

function readOne(field: FieldDescription, value: unknown, path: string): unknown {
  if (field.kind === 'enum') return readWord(field.typeName, value, path);
  if (field.kind === 'scalar') return readScalarValue(field, value, path);
  return readMessage(field.typeName, value, path);
}

function readWord(typeName: string, value: unknown, path: string): string {
  const api = loadEnvoyApi();
  const name = typeof value === 'number' ? api.enumName(typeName, value) : value;
  const words = api.enumValues(typeName);
  if (typeof name === 'string' && words.includes(name)) return name;
  throw wrong(path, `must be one of ${words.join(', ')}`);
}

/** Scalars are read as the fields of a message of their own kind are: the ranges of numbers are held to. */
function readScalarValue(field: FieldDescription, value: unknown, path: string): unknown {
  const wrapper = WRAPPERS[field.scalar];
  if (wrapper === undefined) throw wrong(path, `is of a type that cannot be set: ${field.scalar}`);
  if (typeof value === 'object') throw wrong(path, 'takes a single value, not a list or a map');
  return atPath(path, () => readProtoJson(`google.protobuf.${wrapper}`, value)['value']);
}

const WRAPPERS: Readonly<Record<string, string>> = {
  TYPE_BOOL: 'BoolValue',
  TYPE_STRING: 'StringValue',
  TYPE_BYTES: 'BytesValue',
  TYPE_DOUBLE: 'DoubleValue',
  TYPE_FLOAT: 'FloatValue',
  TYPE_INT32: 'Int32Value',
  TYPE_SINT32: 'Int32Value',
  TYPE_SFIXED32: 'Int32Value',
  TYPE_UINT32: 'UInt32Value',
  TYPE_FIXED32: 'UInt32Value',
  TYPE_INT64: 'Int64Value',
  TYPE_SINT64: 'Int64Value',
  TYPE_SFIXED64: 'Int64Value',
  TYPE_UINT64: 'UInt64Value',
  TYPE_FIXED64: 'UInt64Value',
};

function readMessage(typeName: string, value: unknown, path: string): Record<string, unknown> {
  if (typeName === ANY) throw wrong(path, 'is a packed message, which cannot be set');
  if (FREE_FORM.has(typeName)) return atPath(path, () => readProtoJson(typeName, value));
  const isMap = typeof value === 'object' && value !== null && !Array.isArray(value);
  if (!isMap) {
    if (WELL_KNOWN.test(typeName)) return atPath(path, () => readProtoJson(typeName, value));
    throw wrong(path, `must be a map of fields of ${typeName}`);
  }
  const api = loadEnvoyApi();
  const fields = api.fields(typeName);
  const oneofs = api.oneofs(typeName);
  const taken = new Map<string, string>();
  return Object.fromEntries(
    Object.entries(value as Readonly<Record<string, unknown>>).map(([name, item]) => {
      const field = fields.get(name);
      if (field === undefined) {
        throw wrong(path, `has no field '${name}', only ${[...fields.keys()].join(', ')}`);
      }
      const oneof = oneofs.get(name);
      const other = oneof === undefined ? undefined : taken.get(oneof);
      if (oneof !== undefined && other !== undefined) throw wrong(path, `cannot have both ${other} and ${name}`);
      if (oneof !== undefined) taken.set(oneof, name);
      return [name, readPropertyValue(field, item, `${path}/${name}`)];
    }),
  );
}

/** Errors of the reader have no path of their own here. */
function atPath<Value>(path: string, read: () => Value): Value {
  try {
    return read();
  } catch (thrown) {
    throw wrong(path, AppError.from(thrown).message.replace(/^the message /, ''));
  }
}

const wrong = (path: string, problem: string): AppError => new AppError('invalidArgument', `${path} ${problem}`);
