/**
 * Transactions over keys, nodes, services and checks (consul-behaviour.md 1.5): the commands of the other families, several of
 * them in one commit.
 * In: operations, decoded. Out: what they show, or every failure with nothing written. Must never: know about HTTP, or do what
 * the command of the family would refuse.
 */
export { decodeOperations } from './decode-operations.js';
export { encodeResult } from './encode-result.js';
export { type Operation, type OperationFailure, type OperationResult, isRead } from './operations.js';
export { MAX_OPERATIONS, type TransactionOutcome, runTransaction } from './run-transaction.js';
