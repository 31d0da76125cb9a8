import {
  type ConfigEntryRecord,
  encodeBoundApiGateway,
  encodeConfigEntry,
  resourceReferenceField,
} from '../../model/index.js';
import type { ShownEntry, TimedCondition } from './shown-entry.js';

/** An entry as clients are shown it: a stored one with its conditions, or what the server makes of API gateways. */
export function encodeShownEntry(shown: ShownEntry): Record<string, unknown> {
  if ('bound' in shown) {
    const { bound, createIndex, modifyIndex } = shown;
    return { ...encodeBoundApiGateway(bound), CreateIndex: createIndex, ModifyIndex: modifyIndex };
  }
  const encoded = encodeConfigEntryRecord(shown.record);
  if (shown.conditions === undefined) return encoded;
  const { Hash, CreateIndex, ModifyIndex, ...fields } = encoded;
  return { ...fields, Status: { Conditions: shown.conditions.map(encodeCondition) }, Hash, CreateIndex, ModifyIndex };
}

function encodeCondition({ type, status, reason, message, resource, since }: TimedCondition): Record<string, unknown> {
  return {
    Type: type,
    Status: status,
    Reason: reason,
    Message: message,
    Resource: resourceReferenceField.encode(resource),
    LastTransitionTime: since,
  };
}

/** A stored entry in Consul's spelling. `Hash` is an unsigned 64 bit number and hence a bigint. */
export function encodeConfigEntryRecord({
  entry,
  hash,
  createIndex,
  modifyIndex,
}: ConfigEntryRecord): Record<string, unknown> {
  return { ...encodeConfigEntry(entry), Hash: BigInt(hash), CreateIndex: createIndex, ModifyIndex: modifyIndex };
}

/** Why a read answers 404, in the words that clients look for. */
export function configEntryNotFound(kind: string, name: string): string {
  return `Config entry not found for "${kind}" / "${name}"`;
}
