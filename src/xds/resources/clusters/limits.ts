import type { RetryBudget, UpstreamLimits } from '../../../model/index.js';

/** Circuit breakers of an upstream; zero is a limit, absent is Envoy's default. */
export function circuitBreakers(limits: UpstreamLimits | undefined) {
  if (limits === undefined || Object.keys(limits).length === 0) return {};
  const threshold = {
    ...(limits.maxConnections === undefined ? {} : { max_connections: { value: limits.maxConnections } }),
    ...(limits.maxPendingRequests === undefined ? {} : { max_pending_requests: { value: limits.maxPendingRequests } }),
    ...(limits.maxConcurrentRequests === undefined ? {} : { max_requests: { value: limits.maxConcurrentRequests } }),
    ...(limits.maxConcurrentRetries === undefined ? {} : { max_retries: { value: limits.maxConcurrentRetries } }),
    ...(limits.retryBudget ? { retry_budget: retryBudget(limits.retryBudget) } : {}),
  };
  return { thresholds: [threshold] };
}

function retryBudget({ percent, minConcurrency }: RetryBudget) {
  return {
    ...(percent === undefined ? {} : { budget_percent: { value: percent } }),
    ...(minConcurrency === undefined ? {} : { min_retry_concurrency: { value: minConcurrency } }),
  };
}
