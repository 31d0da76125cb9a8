import type { EnvoyMessages, EnvoyTypeName } from './envoy-messages.js';
import { findLosses } from './find-losses.js';
import { loadEnvoyApi } from './load-envoy-api.js';
import { UnwrittenAny, encodeAnyAlone, encodePlain } from './message-encoder.js';
import { AppError } from '../../core/index.js';

/** `google.protobuf.Any`: what goes into every `typed_config`. */
export interface PackedAny {
  readonly type_url: string;
  readonly value: Buffer;
}

let checked = false;

/** Makes every encoding check itself for silently dropped fields (tests, debugging): about three times the work. */
export function checkEncoding(on: boolean): void {
  checked = on;
}

/** Encodes a message of a known type. Map entries go out in the order they are given: builders sort their keys. */
export function encodeMessage<Name extends EnvoyTypeName>(typeName: Name, message: EnvoyMessages[Name]): Buffer {
  const bytes = encodePlain(typeName, message);
  if (checked) check(typeName, message, bytes);
  return bytes;
}

function check(typeName: string, message: object, bytes: Buffer): void {
  const losses = findLosses(typeName, message);
  if (!loadEnvoyApi().message(typeName).serialize(message).equals(bytes))
    losses.push('other bytes than the loader makes');
  if (losses.length > 0) throw new AppError('internal', `${typeName} does not survive encoding: ${losses.join('; ')}`);
}

/** The message as an Any that may stand inside another one. Throws AppError('internal') for a type that is not loaded. */
export function packAny<Name extends EnvoyTypeName>(typeName: Name, message: EnvoyMessages[Name]): PackedAny {
  const any = new UnwrittenAny(typeName, message);
  return checked ? { type_url: any.type_url, value: encodeMessage(typeName, message) } : any;
}

/** The encoded Any itself, as it stands in `Resource.resource`; in memory of its own, for it lives long. */
export function encodeAny(any: PackedAny): Buffer {
  return encodeAnyAlone(any);
}

/** The Any that stands in `Resource.resource`, still packed. */
export function decodeAny(bytes: Buffer): PackedAny {
  return loadEnvoyApi().message('google.protobuf.Any').deserialize(bytes) as unknown as PackedAny;
}

/** A message from its bytes; snake_case, absent fields absent, enums and 64 bit numbers as text, Anys packed. */
export function decodeMessage(typeName: string, bytes: Buffer): Record<string, unknown> {
  return loadEnvoyApi().message(typeName).deserialize(bytes);
}

/** The full name of a packed message's type. */
export const typeNameOf = (typeUrl: string): string => typeUrl.slice(typeUrl.lastIndexOf('/') + 1);

/** A message with every Any inside it opened: `{"@type": …, fields}`. Types that are not loaded stay packed. */
export function decodeAnyDeep(any: PackedAny): Record<string, unknown> {
  const typeName = typeNameOf(any.type_url);
  if (!loadEnvoyApi().has(typeName)) return { '@type': any.type_url, value: any.value.toString('base64') };
  return { '@type': any.type_url, ...(openAnys(decodeMessage(typeName, any.value)) as Record<string, unknown>) };
}

function openAnys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(openAnys);
  if (typeof value !== 'object' || value === null || Buffer.isBuffer(value)) return value;
  if ('type_url' in value && 'value' in value && Buffer.isBuffer(value.value)) return decodeAnyDeep(value as PackedAny);
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, openAnys(item)]));
}
