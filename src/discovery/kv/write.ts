import type { CommitResult, StateStore } from '../../state/index.js';

/** How a value is written: always, or only if the key's ModifyIndex is `cas` (0: only if there is no such key). */
export interface KvWrite {
  readonly key: string;
  readonly value: Uint8Array;
  /** Unsigned 64 bit number as decimal text. */
  readonly flags: string;
  readonly cas?: bigint;
}

/** Which keys go: one (with `cas`: only if its ModifyIndex is that), or all below a prefix. */
export interface KvDelete {
  readonly key: string;
  readonly recurse: boolean;
  readonly cas?: bigint;
}

/** Writes a value; false when `cas` does not fit. A key's lock is left as it is (consul-behaviour.md 1.5). */
export function putKv(store: StateStore, write: KvWrite): Promise<CommitResult<boolean>> {
  return store.transact('kv-put', (transaction) => {
    const known = transaction.get('kv', write.key);
    if (write.cas !== undefined && write.cas !== BigInt(known?.modifyIndex ?? 0)) return false;
    transaction.put('kv', {
      key: write.key,
      value: Buffer.from(write.value).toString('base64'),
      flags: write.flags,
      lockIndex: known?.lockIndex ?? 0,
      session: known?.session ?? '',
    });
    return true;
  });
}

/** Deletes; false when `cas` does not fit. Keys that are not there are no error. */
export function deleteKv(store: StateStore, removal: KvDelete): Promise<CommitResult<boolean>> {
  return store.transact('kv-delete', (transaction) => {
    if (removal.recurse) {
      for (const entry of transaction.range('kv', 'prefix', [removal.key])) transaction.delete('kv', entry.key);
      return true;
    }
    const known = transaction.get('kv', removal.key);
    if (known === undefined) return true;
    if (removal.cas !== undefined && removal.cas !== BigInt(known.modifyIndex)) return false;
    transaction.delete('kv', removal.key);
    return true;
  });
}
