import type { KvRecord } from '../../model/index.js';
import type { StateStore } from '../../state/index.js';
import { endHold } from '../kv/index.js';
import { SLICE_BYTES, SLICE_KEYS } from './end-session.js';

/**
 * Gives back, or deletes, the keys of a session that ended while it held many: slice by slice, with other work of the process in
 * between. What somebody else holds or has deleted meanwhile is left alone. Resolves when there is none left.
 */
export async function releaseEnded(
  store: StateStore,
  id: string,
  nextTurn: () => Promise<void>,
  isClosed: () => boolean,
): Promise<void> {
  for (const slice of slicesOf(store.view.range('kv', 'bySession', [id]))) {
    await nextTurn();
    if (isClosed()) return;
    await releaseSlice(store, id, slice);
  }
  await store.transact('session-released', (transaction) => {
    if (transaction.range('kv', 'bySession', [id]).length > 0) return;
    if (transaction.get('ended-sessions', id) !== undefined) transaction.delete('ended-sessions', id);
  });
}

function releaseSlice(store: StateStore, id: string, keys: readonly string[]): Promise<unknown> {
  return store.transact('session-release', (transaction) => {
    const end = transaction.get('ended-sessions', id);
    if (end === undefined) return;
    for (const key of keys) {
      const entry = transaction.get('kv', key);
      if (entry?.session === id) endHold(transaction, entry, end);
    }
  });
}

/** The keys in lists that one transaction takes. Nothing is kept but the keys. */
function* slicesOf(held: readonly KvRecord[]): Generator<readonly string[]> {
  let slice: string[] = [];
  let bytes = 0;
  for (const { key, value } of held) {
    if (slice.length === SLICE_KEYS || (slice.length > 0 && bytes + value.length > SLICE_BYTES)) {
      yield slice;
      slice = [];
      bytes = 0;
    }
    slice.push(key);
    bytes += value.length;
  }
  if (slice.length > 0) yield slice;
}
