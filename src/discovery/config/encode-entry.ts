import { type ConfigEntryRecord, encodeConfigEntry } from '../../model/index.js';

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
