import { AppError } from '../../core/index.js';
import type { FieldDescriptor } from './field-descriptors.js';
import { type EnvoyApi, loadEnvoyApi } from './load-envoy-api.js';
import { WireWriter } from './wire-writer.js';

/**
 * Encodes messages straight from plain objects. protobufjs' own way makes a second tree of objects and runs through every
 * field that a type has; ours looks only at what is there, in half the time and less. Tests hold the bytes against it.
 */

type Message = Readonly<Record<string, unknown>>;
type WriteValue = (value: never) => void;

interface FieldEncoder {
  readonly name: string;
  readonly number: number;
  /** Writes the field with its tag, backwards as everything. */
  readonly write: (value: unknown) => void;
}

interface TypeEncoder {
  /** Of an Any with a message of this type. */
  readonly url: string;
  /** By the names that they have in plain objects. */
  readonly fields: Map<string, FieldEncoder>;
}

const TYPE_PREFIX = 'type.googleapis.com/';

const VARINT = 0;
const LENGTH = 2;
const FIXED_32 = 5;
const FIXED_64 = 1;

const writer = new WireWriter();
const types = new Map<string, TypeEncoder>();
/** Fields of the messages that are being written, each message's own at the end of the list. */
const pending: FieldEncoder[] = [];

/** The bytes of a message in plain form, as protobufjs makes them: fields by their numbers, unknown ones left out. */
export function encodePlain(typeName: string, message: object): Buffer {
  return encoded(() => writeMessage(typeEncoder(typeName), message as Message), false);
}

/** A google.protobuf.Any whose message is written where it stands, in one go with what is around it. */
export class UnwrittenAny {
  readonly type_url: string;
  readonly #type: TypeEncoder;
  readonly #message: Message;

  constructor(typeName: string, message: object) {
    this.#type = typeEncoder(typeName);
    this.type_url = this.#type.url;
    this.#message = message as Message;
  }

  /** The message's bytes, for those who look into it. */
  get value(): Buffer {
    return encoded(() => writeMessage(this.#type, this.#message), false);
  }

  /** Writes the Any without its length. */
  write(): void {
    const before = writer.size;
    writeMessage(this.#type, this.#message);
    writer.lengthSince(before);
    writer.varint(ANY_VALUE);
    writer.text(this.type_url);
    writer.varint(ANY_TYPE_URL);
  }
}

const ANY_TYPE_URL = (1 << 3) | LENGTH;
const ANY_VALUE = (2 << 3) | LENGTH;

/** The bytes of a google.protobuf.Any, in memory of their own: they live long and must not keep alive a page of others. */
export function encodeAnyAlone(any: { readonly type_url: string; readonly value: Uint8Array }): Buffer {
  return encoded(() => {
    if (any instanceof UnwrittenAny) return any.write();
    writer.bytes(any.value);
    writer.varint(ANY_VALUE);
    writer.text(any.type_url);
    writer.varint(ANY_TYPE_URL);
  }, true);
}

function encoded(write: () => void, alone: boolean): Buffer {
  const before = writer.size;
  const depth = pending.length;
  try {
    write();
    return writer.take(before, alone);
  } catch (thrown) {
    writer.forget(before);
    pending.length = depth;
    throw thrown;
  }
}

/** Writes the fields that are there, the one with the greatest number first. */
function writeMessage({ fields }: TypeEncoder, message: Message): void {
  const first = pending.length;
  for (const name in message) {
    const value = message[name];
    if (value === undefined || value === null) continue;
    const field = fields.get(name);
    if (field !== undefined) insert(first, field);
  }
  while (pending.length > first) {
    const field = pending.pop() as FieldEncoder;
    field.write(message[field.name]);
  }
}

function insert(first: number, field: FieldEncoder): void {
  let at = pending.length;
  pending.push(field);
  for (; at > first && (pending[at - 1] as FieldEncoder).number > field.number; at--)
    pending[at] = pending[at - 1] as FieldEncoder;
  pending[at] = field;
}

function typeEncoder(typeName: string): TypeEncoder {
  const known = types.get(typeName);
  if (known !== undefined) return known;
  const api = loadEnvoyApi();
  const made: TypeEncoder = { url: TYPE_PREFIX + typeName, fields: new Map() };
  types.set(typeName, made);
  for (const field of api.fields(typeName).values())
    made.fields.set(field.name, { name: field.name, number: field.number, write: fieldWriter(api, field) });
  return made;
}

function fieldWriter(api: EnvoyApi, field: FieldDescriptor): (value: unknown) => void {
  if (field.isMap) return mapWriter(api, field);
  const { wireType, write, isDropped } = valueWriter(api, field);
  const tag = (field.number << 3) | wireType;
  if (!field.repeated)
    return (value) => {
      if (isDropped?.(value)) return;
      write(value as never);
      writer.varint(tag);
    };
  const items = (value: unknown): readonly unknown[] => {
    if (!Array.isArray(value)) throw new AppError('internal', `${field.name} must be a list`);
    return isDropped ? value.filter((item) => !isDropped(item)) : value;
  };
  if (wireType !== LENGTH) return packedWriter(field, items, write);
  return (value) => {
    const list = items(value);
    for (let position = list.length - 1; position >= 0; position--) {
      write(list[position] as never);
      writer.varint(tag);
    }
  };
}

/** Numbers of a list stand together behind one tag. */
function packedWriter(
  { number }: FieldDescriptor,
  items: (value: unknown) => readonly unknown[],
  write: WriteValue,
): (value: unknown) => void {
  return (value) => {
    const list = items(value);
    if (list.length === 0) return;
    const before = writer.size;
    for (let position = list.length - 1; position >= 0; position--) write(list[position] as never);
    writer.lengthSince(before);
    writer.varint((number << 3) | LENGTH);
  };
}

function mapWriter(api: EnvoyApi, field: FieldDescriptor): (value: unknown) => void {
  const entry = api.fields(field.typeName);
  const [key, item] = [entry.get('key'), entry.get('value')];
  if (key === undefined || item === undefined) throw new AppError('internal', `${field.name} is no map`);
  const keys = valueWriter(api, key);
  const values = valueWriter(api, item);
  return (value) => {
    const map = value as Message;
    const names = Object.keys(map);
    for (let position = names.length - 1; position >= 0; position--) {
      const name = names[position] as string;
      const before = writer.size;
      values.write(map[name] as never);
      writer.varint((2 << 3) | values.wireType);
      keys.write((key.scalar === 'TYPE_BOOL' ? name === 'true' : name) as never);
      writer.varint((1 << 3) | keys.wireType);
      writer.lengthSince(before);
      writer.varint((field.number << 3) | LENGTH);
    }
  };
}

interface ValueWriter {
  readonly wireType: number;
  readonly write: WriteValue;
  /** Enums: a word that is no value of it. */
  readonly isDropped?: (value: unknown) => boolean;
}

function valueWriter(api: EnvoyApi, field: FieldDescriptor): ValueWriter {
  if (field.kind === 'message') return messageWriter(field);
  if (field.kind === 'enum') return enumWriter(api, field.typeName);
  const made = scalarWriters[field.scalar];
  if (made === undefined) throw new AppError('internal', `${field.name} has a type that cannot be encoded`);
  return made;
}

function messageWriter({ name, typeName }: FieldDescriptor): ValueWriter {
  // Made when it is first used: messages may be inside themselves.
  let type: TypeEncoder | undefined;
  return {
    wireType: LENGTH,
    write: (value: unknown) => {
      if (typeof value !== 'object' || value === null) throw new AppError('internal', `${name} must be an object`);
      const before = writer.size;
      if (value instanceof UnwrittenAny) value.write();
      else writeMessage((type ??= typeEncoder(typeName)), value as Message);
      writer.lengthSince(before);
    },
  };
}

function enumWriter(api: EnvoyApi, typeName: string): ValueWriter {
  const numbers = api.enumNumbers(typeName);
  return {
    wireType: VARINT,
    write: (value: string | number) => writeInt32(typeof value === 'number' ? value : (numbers.get(value) ?? 0)),
    isDropped: (value) => typeof value !== 'number' && !numbers.has(value as string),
  };
}

const writeInt32 = (value: number): void => {
  const whole = value | 0;
  if (whole >= 0) writer.varint(whole);
  else writer.varint64(BigInt(whole));
};
const zigzag32 = (value: number): void => writer.varint(((value << 1) ^ (value >> 31)) >>> 0);

type Wide = number | string | bigint;

const scalarWriters: Readonly<Record<string, ValueWriter>> = {
  TYPE_STRING: { wireType: LENGTH, write: (value: unknown) => writer.text(String(value)) },
  TYPE_BYTES: {
    wireType: LENGTH,
    write: (value: Uint8Array | string) =>
      writer.bytes(typeof value === 'string' ? Buffer.from(value, 'base64') : value),
  },
  TYPE_BOOL: { wireType: VARINT, write: (value: unknown) => writer.varint(value ? 1 : 0) },
  TYPE_UINT32: { wireType: VARINT, write: (value: number) => writer.varint(value >>> 0) },
  TYPE_INT32: { wireType: VARINT, write: writeInt32 },
  TYPE_SINT32: { wireType: VARINT, write: zigzag32 },
  TYPE_UINT64: { wireType: VARINT, write: (value: Wide) => writer.varint64(value) },
  TYPE_INT64: { wireType: VARINT, write: (value: Wide) => writer.varint64(value) },
  TYPE_SINT64: { wireType: VARINT, write: (value: Wide) => writer.zigzag64(value) },
  TYPE_FIXED32: { wireType: FIXED_32, write: (value: number) => writer.fixed32(value) },
  TYPE_SFIXED32: { wireType: FIXED_32, write: (value: number) => writer.fixed32(value) },
  TYPE_FIXED64: { wireType: FIXED_64, write: (value: Wide) => writer.fixed64(value) },
  TYPE_SFIXED64: { wireType: FIXED_64, write: (value: Wide) => writer.fixed64(value) },
  TYPE_FLOAT: { wireType: FIXED_32, write: (value: unknown) => writer.float(Number(value)) },
  TYPE_DOUBLE: { wireType: FIXED_64, write: (value: unknown) => writer.double(Number(value)) },
};
