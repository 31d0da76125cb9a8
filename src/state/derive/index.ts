/**
 * Derive: memoised computations over the applied state, with what each has read.
 * In: cell definitions, and what each commit changed. Out: values that are recomputed only with cause, told once per flush.
 * Must never: compute while a commit is applied, or show two revisions to one consumer.
 */
export { CellGraph } from './cell-graph.js';
export { type CellConsumer, CellNode } from './cell-node.js';
export { IdleCells } from './idle-cells.js';
export { PrivateView, type ReadListener } from './private-view.js';
export { Subscription } from './subscription.js';
