import { type KvRecord, type SessionRecord, nodeKey } from '../../model/index.js';
import type { CommitResult, StateStore, Transaction } from '../../state/index.js';
import { endHold } from '../kv/index.js';

/** How many keys, and bytes of values, one transaction takes from sessions that end: some milliseconds of work. */
export const SLICE_KEYS = 128;
export const SLICE_BYTES = 1024 * 1024;

/** What each transaction has taken already: a node can end with thousands of sessions. */
const taken = new WeakMap<Transaction, { keys: number; bytes: number }>();

/**
 * Ends a session within the transaction of what ended it (consul-behaviour.md 1.5): it is gone, prepared queries made for it too,
 * and the keys it held are given back or deleted, as it was made. More keys than a transaction may take follow in slices, by the
 * keeper; nobody is held up by them.
 */
export function endSession(transaction: Transaction, { id, behavior, lockDelayMs }: SessionRecord): void {
  transaction.delete('sessions', id);
  // Read also where there is none: a renewal, or a lock, on another server in this very moment is a conflict.
  if (transaction.get('session-renewals', id) !== undefined) transaction.delete('session-renewals', id);
  for (const query of transaction.range('prepared-queries', 'bySession', [id]))
    transaction.delete('prepared-queries', query.id);
  const held = transaction.peek('kv', 'bySession', [id], SLICE_KEYS + 1);
  if (held.length === 0) return;
  const end = { behavior, lockDelayMs, endedAtMs: transaction.nowMs };
  if (!fits(transaction, held)) transaction.put('ended-sessions', { id, ...end });
  else for (const entry of held) endHold(transaction, entry, end);
}

/** Ends the sessions that depend on a check which is critical or gone. */
export function endSessionsOfCheck(transaction: Transaction, node: string, checkId: string): void {
  for (const session of transaction.range('sessions', 'byCheck', [nodeKey(node), checkId]))
    endSession(transaction, session);
}

/** Ends the sessions of a node that is gone. */
export function endSessionsOfNode(transaction: Transaction, node: string): void {
  for (const session of transaction.range('sessions', 'byNode', [nodeKey(node)])) endSession(transaction, session);
}

/** Ends a session because its owner says so. One that is not there is no error. */
export function destroySession(store: StateStore, id: string): Promise<CommitResult<void>> {
  return store.transact('session-destroy', (transaction) => {
    const known = transaction.get('sessions', id);
    if (known !== undefined) endSession(transaction, known);
  });
}

function fits(transaction: Transaction, held: readonly KvRecord[]): boolean {
  const before = taken.get(transaction) ?? { keys: 0, bytes: 0 };
  const keys = before.keys + held.length;
  if (keys > SLICE_KEYS) return false;
  const bytes = before.bytes + held.reduce((sum, { value }) => sum + value.length, 0);
  if (bytes > SLICE_BYTES && before.bytes + held.length > 1) return false;
  taken.set(transaction, { keys, bytes });
  return true;
}
