import { AppError } from '../../core/index.js';
import type { KvRecord } from '../../model/index.js';
import type { Transaction } from '../../state/index.js';
import {
  acquireKv,
  casKv,
  checkKeyText,
  deleteKv,
  deleteKvCas,
  deleteKvTree,
  holderOf,
  putKv,
  releaseKv,
} from '../kv/index.js';
import { KV_VERBS, type KvOperation, type KvVerb, type OperationResult } from './operations.js';

type Apply = (transaction: Transaction, operation: KvOperation) => readonly OperationResult[];

/** Carries out an operation on keys. Throws `conflict` or `invalidArgument` with what is wrong. */
export function applyKv(transaction: Transaction, operation: KvOperation): readonly OperationResult[] {
  const { verb } = operation;
  if (!isKvVerb(verb)) throw new AppError('invalidArgument', `unknown KV verb "${verb}"`);
  if (operation.key === '') throw new AppError('invalidArgument', 'Must provide key');
  checkKeyText(operation.key);
  return verbs[verb](transaction, operation);
}

const isKvVerb = (verb: string): verb is KvVerb => (KV_VERBS as readonly string[]).includes(verb);

const verbs: { readonly [Verb in KvVerb]: Apply } = {
  set: (transaction, operation) => {
    putKv(transaction, operation);
    return written(transaction, operation);
  },
  cas: (transaction, operation) =>
    casKv(transaction, operation, operation.index)
      ? written(transaction, operation)
      : fail(`failed to set key "${operation.key}", index is stale`),
  lock: (transaction, operation) =>
    acquireKv(transaction, operation, operation.session)
      ? written(transaction, operation)
      : fail(`failed to lock key "${operation.key}", lock is already held, or its lock-delay is not over`),
  unlock: (transaction, operation) =>
    releaseKv(transaction, operation, operation.session)
      ? written(transaction, operation)
      : fail(`failed to release key "${operation.key}", lock isn't held, or is held by another session`),
  get: (transaction, operation) => [shown(existing(transaction, operation))],
  'get-or-empty': (transaction, { key }) => [shown(transaction.get('kv', key) ?? { key, ...NOTHING })],
  'get-tree': (transaction, { key }) => transaction.range('kv', 'prefix', [key]).map(shown),
  'check-index': (transaction, operation) => {
    const entry = existing(transaction, operation);
    return BigInt(entry.modifyIndex) === operation.index
      ? [unseen(entry)]
      : fail(`current modify index for key "${operation.key}" is ${entry.modifyIndex}, not ${operation.index}`);
  },
  'check-session': (transaction, operation) => {
    const entry = existing(transaction, operation);
    return holderOf(transaction, entry) === operation.session
      ? [unseen(entry)]
      : fail(`key "${operation.key}" is not locked by session "${operation.session}"`);
  },
  'check-not-exists': (transaction, { key }) =>
    transaction.get('kv', key) === undefined ? [] : fail(`key "${key}" exists`),
  delete: (transaction, { key }) => {
    deleteKv(transaction, key);
    return [];
  },
  'delete-tree': (transaction, { key }) => {
    deleteKvTree(transaction, key);
    return [];
  },
  'delete-cas': (transaction, { key, index }) =>
    deleteKvCas(transaction, key, index) ? [] : fail(`failed to delete key "${key}", index is stale`),
};

const NOTHING = { value: '', flags: '0', lockIndex: 0, session: '', createIndex: 0, modifyIndex: 0 };

const shown = (entry: KvRecord): OperationResult => ({ family: 'kv', entry, withValue: true });
const unseen = (entry: KvRecord): OperationResult => ({ family: 'kv', entry, withValue: false });

function existing(transaction: Transaction, { key }: KvOperation): KvRecord {
  return transaction.get('kv', key) ?? fail(`key "${key}" doesn't exist`);
}

/** The entry as it is now: a write that changes nothing keeps its index. */
function written(transaction: Transaction, operation: KvOperation): readonly OperationResult[] {
  return [unseen(existing(transaction, operation))];
}

function fail(what: string): never {
  throw new AppError('conflict', what);
}
