import type { KvRecord } from '../../model/index.js';
import type { Duty, StateStore } from '../../state/index.js';
import { endHold } from '../kv/index.js';
import { SLICE_BYTES, SLICE_KEYS } from './end-session.js';

/**
 * Gives back, or deletes, the keys of a session that ended while it held many: slice by slice, with other work of the process in
 * between. What somebody else holds or has deleted meanwhile is left alone. Resolves when there is none left.
 */
export async function releaseEnded(
  store: StateStore,
  duty: Pick<Duty, 'transact'>,
  id: string,
  nextTurn: () => Promise<void>,
  isClosed: () => boolean,
): Promise<void> {
  for (;;) {
    await nextTurn();
    if (isClosed()) return;
    const keys = sliceOf(store.first('kv', 'bySession', [id], SLICE_KEYS));
    if (keys.length === 0) break;
    if (!(await releaseSlice(duty, id, keys))) return;
  }
  await duty.transact('session-released', (transaction) => {
    // Nothing is locked for a session that is gone.
    if (transaction.get('sessions', id) !== undefined) return;
    if (transaction.peek('kv', 'bySession', [id], 1).length > 0) return;
    if (transaction.get('ended-sessions', id) !== undefined) transaction.delete('ended-sessions', id);
  });
}

/** False when there is nothing to do any more: somebody else was done with the session first. */
async function releaseSlice(duty: Pick<Duty, 'transact'>, id: string, keys: readonly string[]): Promise<boolean> {
  const { result } = await duty.transact('session-release', (transaction) => {
    const end = transaction.get('ended-sessions', id);
    if (end === undefined) return false;
    for (const key of keys) {
      const entry = transaction.get('kv', key);
      if (entry?.session === id) endHold(transaction, entry, end);
    }
    return true;
  });
  return result;
}

/** As many of the keys as one transaction takes; at least one. */
function sliceOf(held: readonly KvRecord[]): readonly string[] {
  let bytes = 0;
  const end = held.findIndex(({ value }, at) => (bytes += value.length) > SLICE_BYTES && at > 0);
  return held.slice(0, end < 0 ? held.length : end).map(({ key }) => key);
}
