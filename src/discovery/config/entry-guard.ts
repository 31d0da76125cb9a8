import type { ConfigEntryKind } from '../../model/index.js';
import type { CommitResult, StateStore, Transaction } from '../../state/index.js';

/** Looks at a write before it is carried out; what it is about is not in the state alone (`discovery/proxies`). */
export interface EntryGuard {
  /** Throws AppError when the write of this entry must not be carried out. `write` is run over the state, and has no effect. */
  check(kind: ConfigEntryKind, name: string, write: (transaction: Transaction) => unknown): Promise<void>;
}

/** Carries out a write of one entry that its guard, when there is one, has nothing against. */
export async function guardedWrite<Result>(
  store: StateStore,
  title: string,
  entry: { readonly kind: ConfigEntryKind; readonly name: string; readonly guard?: EntryGuard | undefined },
  write: (transaction: Transaction) => Result,
): Promise<CommitResult<Result>> {
  await entry.guard?.check(entry.kind, entry.name, write);
  return store.transact(title, write);
}
