import protobuf from 'protobufjs';
import { type AnyMessage, type Message, lookupType, setFields } from './message-types.js';

/** Thrown when something has no JSON form: an unknown type, bytes that are not of their type. */
class NoJsonForm extends Error {}

const fraction = (nanos: number): string => {
  const digits = String(nanos).padStart(9, '0');
  if (nanos === 0) return '';
  return `.${digits.replace(/(?:000){1,2}$/, '')}`;
};

function durationText(message: Message): string {
  const seconds = BigInt(String(message['seconds'] ?? 0));
  const nanos = Number(message['nanos'] ?? 0);
  const sign = seconds < 0n || nanos < 0 ? '-' : '';
  return `${sign}${seconds < 0n ? -seconds : seconds}${fraction(Math.abs(nanos))}s`;
}

function timestampText(message: Message): string {
  const second = new Date(Number(message['seconds'] ?? 0) * 1000).toISOString().slice(0, 19);
  return `${second}${fraction(Number(message['nanos'] ?? 0))}Z`;
}

function structValue(message: Message): unknown {
  // The library's own copies of these types keep camelCase names.
  if (Object.hasOwn(message, 'structValue')) return structObject(message['structValue'] as Message);
  if (Object.hasOwn(message, 'listValue')) return listValue(message['listValue'] as Message);
  if (Object.hasOwn(message, 'numberValue')) return number(message['numberValue'] as number, false);
  for (const name of ['stringValue', 'boolValue']) if (Object.hasOwn(message, name)) return message[name];
  return null;
}

const listValue = (message: Message): unknown[] =>
  ((message['values'] as Message[] | undefined) ?? []).map(structValue);

const structObject = (message: Message): object =>
  Object.fromEntries(
    Object.entries((message['fields'] as Record<string, Message> | undefined) ?? {}).map(([key, value]) => [
      key,
      structValue(value),
    ]),
  );

const camelCase = (name: string): string => name.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());

const wrapped = (type: protobuf.Type, message: Message): unknown => {
  const field = type.fields['value'] as protobuf.Field;
  return scalar(field, Object.hasOwn(message, 'value') ? message['value'] : field.defaultValue);
};

/** Types with a JSON form of their own, by full name. */
const special: Readonly<Record<string, (type: protobuf.Type, message: Message) => unknown>> = {
  Duration: (_type, message) => durationText(message),
  Timestamp: (_type, message) => timestampText(message),
  Struct: (_type, message) => structObject(message),
  Value: (_type, message) => structValue(message),
  ListValue: (_type, message) => listValue(message),
  FieldMask: (_type, message) => ((message['paths'] as string[] | undefined) ?? []).map(camelCase).join(','),
  DoubleValue: wrapped,
  FloatValue: wrapped,
  Int64Value: wrapped,
  UInt64Value: wrapped,
  Int32Value: wrapped,
  UInt32Value: wrapped,
  BoolValue: wrapped,
  StringValue: wrapped,
  BytesValue: wrapped,
};

const specialFor = (type: protobuf.Type) => {
  const name = type.fullName.replace(/^\./, '');
  return name.startsWith('google.protobuf.') ? special[name.slice('google.protobuf.'.length)] : undefined;
};

/** A float of 32 bits is written with as few digits as name it; JavaScript would write those of the nearest double. */
function number(value: number, single: boolean): number | string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? 'Infinity' : '-Infinity';
  if (!single) return value;
  for (let digits = 1; digits <= 9; digits++) {
    const short = Number(value.toPrecision(digits));
    if (Math.fround(short) === value) return short;
  }
  return value;
}

function scalar(field: protobuf.Field, value: unknown): unknown {
  if (field.resolvedType instanceof protobuf.Enum) {
    if (field.resolvedType.fullName === '.google.protobuf.NullValue') return null;
    return field.resolvedType.valuesById[value as number] ?? value;
  }
  switch (field.type) {
    case 'bytes':
      return Buffer.from(value as Uint8Array).toString('base64');
    case 'int64':
    case 'uint64':
    case 'sint64':
    case 'fixed64':
    case 'sfixed64':
      return String(value);
    case 'float':
      return number(value as number, true);
    case 'double':
      return number(value as number, false);
    default:
      return value;
  }
}

function element(field: protobuf.Field, value: unknown): unknown {
  return field.resolvedType instanceof protobuf.Type
    ? messageToJson(field.resolvedType, value as Message)
    : scalar(field, value);
}

/** 64-bit keys are kept as eight bytes of text by the library. */
function mapKey(field: protobuf.Field, key: string): string {
  const { keyType } = field as unknown as protobuf.MapField;
  if (!keyType.endsWith('64')) return key;
  return String(protobuf.util.longFromHash(key, /^u|^fixed/.test(keyType)));
}

function messageToJson(type: protobuf.Type, message: Message): unknown {
  if (type.fullName === '.google.protobuf.Any') return openedAny(message as unknown as AnyMessage);
  const own = specialFor(type);
  if (own) return own(type, message);
  const out: Record<string, unknown> = {};
  for (const [field, value] of setFields(type, message)) {
    if (field.map)
      out[field.name] = Object.fromEntries(
        Object.entries(value as object).map(([key, one]) => [mapKey(field, key), element(field, one)]),
      );
    else if (field.repeated) out[field.name] = (value as unknown[]).map((one) => element(field, one));
    else out[field.name] = element(field, value);
  }
  return out;
}

function openedAny(any: AnyMessage): unknown {
  if (!any.type_url && !any.value?.length) return {};
  const type = lookupType(any.type_url);
  if (!type) throw new NoJsonForm(`no message type is called ${any.type_url}`);
  const message = type.decode(any.value ?? new Uint8Array()) as unknown as Message;
  if (specialFor(type)) return { '@type': any.type_url, value: messageToJson(type, message) };
  return { '@type': any.type_url, ...(messageToJson(type, message) as object) };
}

/**
 * A google.protobuf.Any in the JSON form of protobuf with the names of the .proto files, as Go's protojson writes it: durations
 * as "5s", wrappers and Struct as plain values, enums by name, 64-bit integers as text, bytes in base64, zeros left out.
 * What has no JSON form answers { "@type", undecodable, bytes }.
 */
export function anyToJson(any: AnyMessage): Record<string, unknown> {
  try {
    return openedAny(any) as Record<string, unknown>;
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    return { '@type': any.type_url, undecodable: why, bytes: Buffer.from(any.value ?? []).toString('base64') };
  }
}
