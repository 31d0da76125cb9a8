import type { Struct } from '../envoy-api/generated/google/protobuf/Struct.js';
import type { Value } from '../envoy-api/generated/google/protobuf/Value.js';

/** A JSON object as `google.protobuf.Struct`, keys sorted. Its fields are camelCase whatever the loader is told. */
export function toStruct(json: Readonly<Record<string, unknown>>): Struct {
  const sorted = Object.entries(json).sort(([left], [right]) => (left < right ? -1 : 1));
  return { fields: Object.fromEntries(sorted.map(([key, value]) => [key, toValue(value)])) };
}

function toValue(json: unknown): Value {
  if (typeof json === 'string') return { stringValue: json };
  if (typeof json === 'number') return { numberValue: json };
  if (typeof json === 'boolean') return { boolValue: json };
  if (Array.isArray(json)) return { listValue: { values: json.map(toValue) } };
  if (typeof json === 'object' && json !== null) return { structValue: toStruct(json as Record<string, unknown>) };
  return { nullValue: 'NULL_VALUE' };
}
