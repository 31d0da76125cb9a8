import type { FieldDescriptor } from './field-descriptors.js';
import { loadEnvoyApi } from './load-envoy-api.js';
import { decodeMessage } from './pack-any.js';
import type { EnvoyMessages, EnvoyTypeName } from './envoy-messages.js';

type Message = Readonly<Record<string, unknown>>;

/**
 * A message from its bytes in the form that builders write: only fields, without the names of oneofs that the decoder adds. What
 * it returns can be changed and encoded again. Anys stay packed.
 */
export function decodePlain<Name extends EnvoyTypeName>(typeName: Name, bytes: Buffer): EnvoyMessages[Name] {
  return plain(typeName, decodeMessage(typeName, bytes));
}

function plain(typeName: string, message: Message): Message {
  const kept: Record<string, unknown> = {};
  const fields = loadEnvoyApi().fields(typeName);
  // The decoder spells the fields of google.protobuf's own types in camelCase whatever it is told.
  for (const field of fields.values()) {
    const name = Object.hasOwn(message, field.name) ? field.name : field.jsonName;
    if (Object.hasOwn(message, name)) kept[name] = plainField(field, message[name]);
  }
  return kept;
}

function plainField(field: FieldDescriptor, value: unknown): unknown {
  if (field.kind !== 'message' || value === null || value === undefined) return value;
  if (field.isMap) return plainMap(field, value as Message);
  if (Array.isArray(value)) return value.map((item) => plain(field.typeName, item as Message));
  return plain(field.typeName, value as Message);
}

function plainMap(field: FieldDescriptor, map: Message): Message {
  const value = loadEnvoyApi().fields(field.typeName).get('value');
  if (value?.kind !== 'message') return map;
  return Object.fromEntries(Object.entries(map).map(([key, item]) => [key, plain(value.typeName, item as Message)]));
}
