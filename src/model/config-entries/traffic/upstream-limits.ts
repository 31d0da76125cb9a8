import { type Field, decimal, integer, object, optional } from '../../wire/index.js';
import { countProblem, percentProblem } from '../rules/range.js';
import type { Problem } from '../rules/problems.js';

/** Circuit breaker thresholds; absent = Envoy's default, 0 = nothing allowed. From `maxConcurrentRetries` on beyond Consul. */
export interface UpstreamLimits {
  readonly maxConnections?: number;
  readonly maxPendingRequests?: number;
  readonly maxConcurrentRequests?: number;
  /** Absent and without a budget = Envoy's 3. */
  readonly maxConcurrentRetries?: number;
  readonly retryBudget?: RetryBudget;
}

/** How many retries may go on at once, in the proportion of all that goes on. */
export interface RetryBudget {
  /** Per cent of the requests under way; absent = 20. */
  readonly percent?: number;
  /** That many are always allowed; absent = 3. */
  readonly minConcurrency?: number;
}

export const upstreamLimitsField: Field<UpstreamLimits> = object<UpstreamLimits>({
  maxConnections: optional(integer()),
  maxPendingRequests: optional(integer()),
  maxConcurrentRequests: optional(integer()),
  maxConcurrentRetries: optional(integer()),
  retryBudget: optional(object<RetryBudget>({ percent: optional(decimal()), minConcurrency: optional(integer()) })),
});

/** Everything wrong with limits, in Consul's words where it has the rule. */
export function upstreamLimitsProblems(limits: UpstreamLimits | undefined): readonly Problem[] {
  if (limits === undefined) return [];
  const { maxConcurrentRetries, retryBudget } = limits;
  return [
    thresholdProblem('Limits.MaxConnections', limits.maxConnections, 'max connections'),
    thresholdProblem('Limits.MaxPendingRequests', limits.maxPendingRequests, 'max pending requests'),
    thresholdProblem('Limits.MaxConcurrentRequests', limits.maxConcurrentRequests, 'max concurrent requests'),
    countProblem('Limits.MaxConcurrentRetries', maxConcurrentRetries, 0),
    retryBudget && maxConcurrentRetries !== undefined
      ? 'Limits.RetryBudget takes the place of MaxConcurrentRetries: give one of them'
      : undefined,
    percentProblem('Limits.RetryBudget.Percent', retryBudget?.percent),
    countProblem('Limits.RetryBudget.MinConcurrency', retryBudget?.minConcurrency, 0),
  ];
}

/** Envoy counts in 32 bits. */
const MOST = 4_294_967_295;

function thresholdProblem(path: string, value: number | undefined, name: string): Problem {
  if (value === undefined || (value >= 0 && value <= MOST)) return undefined;
  return value < 0 ? `${path}: ${name} cannot be negative` : `${path}: ${name} cannot be more than ${MOST}`;
}
