import { AppError } from '../../core/index.js';
import type { KvRecord } from '../../model/index.js';
import type { Transaction } from '../../state/index.js';
import { birth } from './birth.js';
import { holderOf, lockableAtMs } from './holder.js';

/** A value as it is to be written. */
export interface KvValue {
  readonly key: string;
  readonly value: Uint8Array;
  /** Unsigned 64 bit number as decimal text. */
  readonly flags: string;
}

/** Longest key, in bytes of UTF-8. */
const MAX_KEY_BYTES = 16_384;

/** Throws `invalidArgument` for a text that cannot be a key. */
export function checkKeyText(key: string): void {
  if (key === '') throw new AppError('invalidArgument', 'Missing key name');
  if (key.length * 3 > MAX_KEY_BYTES && Buffer.byteLength(key) > MAX_KEY_BYTES)
    throw new AppError('invalidArgument', `Key is too long: it may have at most ${MAX_KEY_BYTES} bytes`);
  if (key.includes('\u0000')) throw new AppError('invalidArgument', 'Key must not contain a NUL character');
}

/** Writes a value. A key's lock is left as it is: who does not hold it can write too (consul-behaviour.md 1.5). */
export function putKv(transaction: Transaction, write: KvValue): void {
  const known = transaction.get('kv', write.key);
  store(transaction, write, { lockIndex: known?.lockIndex ?? 0, session: known?.session ?? '' }, known);
}

/** `putKv` if the key's ModifyIndex is `index` (0: if there is no such key); else false. */
export function casKv(transaction: Transaction, write: KvValue, index: bigint): boolean {
  if (index !== BigInt(transaction.get('kv', write.key)?.modifyIndex ?? 0)) return false;
  putKv(transaction, write);
  return true;
}

/**
 * Writes a value and makes the session the holder of the key's lock. The lock's index grows with every new holder. False while
 * another session holds it, and within the lock-delay after one that did has ended. Throws `invalidArgument` for a session
 * that does not exist.
 */
export function acquireKv(transaction: Transaction, write: KvValue, session: string): boolean {
  if (session === '' || transaction.get('sessions', session) === undefined)
    throw new AppError('invalidArgument', `invalid session "${session}"`);
  const known = transaction.get('kv', write.key);
  if (known?.session === session) {
    store(transaction, write, known, known);
    return true;
  }
  if (known !== undefined && holderOf(transaction, known) !== '') return false;
  if (lockableAtMs(transaction, write.key) > transaction.nowMs) return false;
  store(transaction, write, { lockIndex: (known?.lockIndex ?? 0) + 1, session }, known);
  countLock(transaction, session);
  return true;
}

/** Sessions end without reading all keys: each lock changes a record that ends of its session compare. */
function countLock(transaction: Transaction, id: string): void {
  const known = transaction.get('session-renewals', id);
  const acquired = (known?.acquired ?? 0) + 1;
  transaction.put('session-renewals', { id, renewals: known?.renewals ?? 0, acquired });
}

/** Writes a value and gives the key's lock back; false unless the session holds it. */
export function releaseKv(transaction: Transaction, write: KvValue, session: string): boolean {
  const known = transaction.get('kv', write.key);
  if (known === undefined || session === '' || holderOf(transaction, known) !== session) return false;
  store(transaction, write, { lockIndex: known.lockIndex, session: '' }, known);
  return true;
}

/** Deletes a key; one that is not there is no error. */
export function deleteKv(transaction: Transaction, key: string): void {
  if (transaction.get('kv', key) !== undefined) transaction.delete('kv', key);
}

/** Deletes a key if its ModifyIndex is `index`; else false. A key that is not there counts as deleted. */
export function deleteKvCas(transaction: Transaction, key: string, index: bigint): boolean {
  const known = transaction.get('kv', key);
  if (known === undefined) return true;
  if (index !== BigInt(known.modifyIndex)) return false;
  transaction.delete('kv', key);
  return true;
}

function store(
  transaction: Transaction,
  { key, value, flags }: KvValue,
  { lockIndex, session }: Pick<KvRecord, 'lockIndex' | 'session'>,
  known: KvRecord | undefined,
): void {
  const text = Buffer.from(value).toString('base64');
  transaction.put('kv', { key, value: text, flags, lockIndex, session, ...birth(transaction, key, known) });
}
