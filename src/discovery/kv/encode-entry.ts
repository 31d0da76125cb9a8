import type { KvRecord } from '../../model/index.js';
import { bornAt } from './birth.js';

/** An entry as it is shown: flags are a number up to 2^64, an empty value is null. */
export function encodeKvEntry(entry: KvRecord): Record<string, unknown> {
  const flags = Number(entry.flags);
  return {
    LockIndex: entry.lockIndex,
    Key: entry.key,
    Flags: Number.isSafeInteger(flags) ? flags : BigInt(entry.flags),
    Value: entry.value === '' ? null : entry.value,
    ...(entry.session === '' ? {} : { Session: entry.session }),
    CreateIndex: bornAt(entry),
    ModifyIndex: entry.modifyIndex,
  };
}
