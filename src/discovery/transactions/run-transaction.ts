import { AppError } from '../../core/index.js';
import type { StateStore, Transaction } from '../../state/index.js';
import { applyCheck, applyNode, applyService } from './apply-catalog.js';
import { applyKv } from './apply-kv.js';
import type { Operation, OperationFailure, OperationResult } from './operations.js';

/** Most operations of one transaction. */
export const MAX_OPERATIONS = 128;
/** Most entries that the operations of one transaction may show: trees have no other bound. */
const MAX_RESULTS = 100_000;

export type TransactionOutcome =
  | { readonly ok: true; readonly results: readonly OperationResult[] }
  | { readonly ok: false; readonly failures: readonly OperationFailure[] };

/**
 * Carries out all operations in order, each seeing the writes of those before it, in one commit; or none, with every failure by
 * its place (consul-behaviour.md 1.5).
 */
export async function runTransaction(store: StateStore, operations: readonly Operation[]): Promise<TransactionOutcome> {
  try {
    const { result } = await store.transact('txn', (transaction) => {
      const outcome = evaluate(transaction, operations);
      if (!outcome.ok) throw new RolledBack(outcome.failures);
      return outcome;
    });
    return result;
  } catch (thrown) {
    if (thrown instanceof RolledBack) return { ok: false, failures: thrown.failures };
    throw thrown;
  }
}

class RolledBack extends Error {
  readonly failures: readonly OperationFailure[];

  constructor(failures: readonly OperationFailure[]) {
    super('rolled back');
    this.failures = failures;
  }
}

function evaluate(transaction: Transaction, operations: readonly Operation[]): TransactionOutcome {
  const results: OperationResult[] = [];
  const failures: OperationFailure[] = [];
  for (const [opIndex, operation] of operations.entries()) {
    const outcome = attempt(transaction, operation);
    if ('what' in outcome) failures.push({ opIndex, what: outcome.what });
    else for (const result of outcome.results) results.push(result);
    if (results.length > MAX_RESULTS)
      throw new AppError('tooLarge', `The transaction reads more than ${MAX_RESULTS} entries: read narrower trees`);
  }
  return failures.length === 0 ? { ok: true, results } : { ok: false, failures };
}

type Attempt = { readonly results: readonly OperationResult[] } | { readonly what: string };

/** Rules that an operation breaks become its failure; a fault of ours stays one. */
function attempt(transaction: Transaction, operation: Operation): Attempt {
  try {
    return { results: apply(transaction, operation) };
  } catch (thrown) {
    if (thrown instanceof AppError && (thrown.code === 'conflict' || thrown.code === 'invalidArgument'))
      return { what: thrown.message };
    throw thrown;
  }
}

function apply(transaction: Transaction, operation: Operation): readonly OperationResult[] {
  switch (operation.family) {
    case 'kv':
      return applyKv(transaction, operation);
    case 'node':
      return applyNode(transaction, operation);
    case 'service':
      return applyService(transaction, operation);
    case 'check':
      return applyCheck(transaction, operation);
  }
}
