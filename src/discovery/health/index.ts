/**
 * Health: checks and instances seen through their checks.
 * In: a tracked view. Out: cells with unfiltered records. Must never: run a check or filter by token.
 */
export {
  type CheckOnNode,
  connectHealthCell,
  ingressHealthCell,
  mergedConnectHealthCell,
  mergedIngressHealthCell,
  mergedServiceHealthCell,
  nodeChecksCell,
  serviceChecksCell,
  serviceHealthCell,
  stateChecksCell,
} from './cells.js';
export { type AggregatedStatus, aggregateStatus, isPassing, worstStatus } from './aggregate.js';
