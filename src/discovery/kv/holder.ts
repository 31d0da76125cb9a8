import type { EndedSessionRecord, KvRecord, MeshView } from '../../model/index.js';
import type { Transaction } from '../../state/index.js';
import { birth } from './birth.js';

/** The session that holds a key; empty when none does, or the one that did has ended. */
export function holderOf(view: MeshView, { session }: KvRecord): string {
  return session !== '' && view.get('sessions', session) !== undefined ? session : '';
}

/** When a key that nobody holds can be locked, in ms since the epoch: 0 unless a session has just ended that held it. */
export function lockableAtMs(view: MeshView, key: string): number {
  const delayedUntilMs = view.get('lock-delays', key)?.untilMs ?? 0;
  const holder = view.get('kv', key)?.session ?? '';
  const ended = holder === '' ? undefined : view.get('ended-sessions', holder);
  return Math.max(delayedUntilMs, ended === undefined ? 0 : ended.endedAtMs + ended.lockDelayMs);
}

/** How a session ended. */
export type SessionEnd = Pick<EndedSessionRecord, 'behavior' | 'lockDelayMs' | 'endedAtMs'>;

/** Takes a key from a session that has ended: gives it back or deletes it, and delays the next lock. */
export function endHold(transaction: Transaction, entry: KvRecord, end: SessionEnd): void {
  const { createIndex: _created, modifyIndex: _modified, bornAt: _born, ...draft } = entry;
  if (end.behavior === 'delete') transaction.delete('kv', entry.key);
  else transaction.put('kv', { ...draft, session: '', ...birth(transaction, entry.key, entry) });
  const untilMs = end.endedAtMs + end.lockDelayMs;
  if (untilMs > transaction.nowMs) transaction.put('lock-delays', { key: entry.key, untilMs });
}
