import type { KvRecord } from '../../model/index.js';
import type { Transaction } from '../../state/index.js';

/** When a key that is about to be written came to be, as its record keeps it; nothing where the record's own index tells. */
export function birth(transaction: Transaction, key: string, known: KvRecord | undefined): Pick<KvRecord, 'bornAt'> {
  if (transaction.hasDeleted('kv', key)) return { bornAt: 'here' };
  if (known?.bornAt === undefined) return {};
  return { bornAt: bornAt(known) };
}

/** The CreateIndex of a key. */
export function bornAt({ bornAt: at, createIndex, modifyIndex }: KvRecord): number {
  return at === 'here' ? modifyIndex : (at ?? createIndex);
}
