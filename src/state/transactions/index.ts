/**
 * Transactions: functions over a tracked view whose writes are committed with what they read as conditions.
 * In: a function. Out: its result once its writes are durable and applied. Must never: write what was not evaluated on the tip.
 */
export { Committer } from './committer.js';
export { PendingCommits } from './pending-commits.js';
export { TransactionView } from './transaction-view.js';
