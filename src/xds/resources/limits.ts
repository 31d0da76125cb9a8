import type { PassiveHealthCheckSettings, UpstreamLimits } from '../../mesh/proxy/index.js';
import { durationOf } from './config-sources.js';

/** Circuit breakers of an upstream; zero is a limit, absent is Envoy's default. */
export function circuitBreakers(limits: UpstreamLimits | undefined) {
  if (limits === undefined || Object.keys(limits).length === 0) return {};
  const threshold = {
    ...(limits.maxConnections === undefined ? {} : { max_connections: { value: limits.maxConnections } }),
    ...(limits.maxPendingRequests === undefined ? {} : { max_pending_requests: { value: limits.maxPendingRequests } }),
    ...(limits.maxConcurrentRequests === undefined ? {} : { max_requests: { value: limits.maxConcurrentRequests } }),
  };
  return { thresholds: [threshold] };
}

/** Outlier detection is always on, with Envoy's defaults where nothing is given (consul-behaviour 6.4). */
export function outlierDetection(check: PassiveHealthCheckSettings | undefined) {
  if (check === undefined) return {};
  const { intervalMs, maxFailures, enforcingConsecutive5xx, maxEjectionPercent, baseEjectionTimeMs } = check;
  return {
    ...(intervalMs > 0 ? { interval: durationOf(intervalMs) } : {}),
    ...(maxFailures > 0 ? { consecutive_5xx: { value: maxFailures } } : {}),
    ...(enforcingConsecutive5xx === undefined ? {} : { enforcing_consecutive_5xx: { value: enforcingConsecutive5xx } }),
    ...(maxEjectionPercent === undefined ? {} : { max_ejection_percent: { value: maxEjectionPercent } }),
    ...(baseEjectionTimeMs ? { base_ejection_time: durationOf(baseEjectionTimeMs) } : {}),
  };
}
