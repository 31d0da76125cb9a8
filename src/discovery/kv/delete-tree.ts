import { AppError } from '../../core/index.js';
import type { StateStore, Transaction } from '../../state/index.js';

/** How many keys are deleted at once: some ten milliseconds of work, in which nobody else is answered. */
const AT_ONCE = 1_000;
const SLICE = 128;

/** Deletes all keys below a prefix, as a part of a transaction. Throws AppError('tooLarge') for more than are deleted at once. */
export function deleteKvTree(transaction: Transaction, prefix: string): void {
  if (deleteAtOnce(transaction, prefix)) return;
  throw new AppError(
    'tooLarge',
    `there are more than ${AT_ONCE} keys below "${prefix}", more than a transaction deletes: use DELETE /v1/kv/${prefix}?recurse`,
  );
}

/**
 * Deletes all keys that are below a prefix now. Up to a thousand go in one transaction; more go slice by slice, with other work of the
 * process in between, so that readers can meet a part of them. What is written meanwhile stays, as after a deletion at once.
 */
export async function deleteTree(store: StateStore, prefix: string, nextTurn: () => Promise<void>): Promise<void> {
  const whole = await store.transact('kv-delete', (transaction) => deleteAtOnce(transaction, prefix));
  if (whole.result) return;
  const { index } = whole;
  for (let younger = 0; ; ) {
    await nextTurn();
    const limit = SLICE + younger;
    const seen = store.first('kv', 'prefix', [prefix], limit);
    const keys = seen.filter(({ modifyIndex }) => modifyIndex <= index).map(({ key }) => key);
    younger = seen.length - keys.length;
    if (keys.length > 0) await deleteSlice(store, keys.slice(0, SLICE), index);
    else if (seen.length < limit) return;
  }
}

function deleteSlice(store: StateStore, keys: readonly string[], index: number): Promise<unknown> {
  return store.transact('kv-delete', (transaction) => {
    for (const key of keys) {
      const entry = transaction.get('kv', key);
      if (entry !== undefined && entry.modifyIndex <= index) transaction.delete('kv', key);
    }
  });
}

/** False, with nothing done, when there are too many. */
function deleteAtOnce(transaction: Transaction, prefix: string): boolean {
  const entries = transaction.first('kv', 'prefix', [prefix], AT_ONCE + 1);
  if (entries.length > AT_ONCE) return false;
  for (const { key } of entries) transaction.delete('kv', key);
  return true;
}
