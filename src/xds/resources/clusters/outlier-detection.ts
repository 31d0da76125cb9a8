import type { PassiveHealthCheck } from '../../../model/index.js';
import { durationOf } from '../config-sources.js';

/** Fields that are numbers here and there, under Envoy's names. */
const NUMBERS = {
  enforcingConsecutive5xx: 'enforcing_consecutive_5xx',
  maxEjectionPercent: 'max_ejection_percent',
  consecutiveGatewayFailure: 'consecutive_gateway_failure',
  enforcingConsecutiveGatewayFailure: 'enforcing_consecutive_gateway_failure',
  consecutiveLocalOriginFailure: 'consecutive_local_origin_failure',
  enforcingConsecutiveLocalOriginFailure: 'enforcing_consecutive_local_origin_failure',
  successRateStdevFactor: 'success_rate_stdev_factor',
  successRateMinimumHosts: 'success_rate_minimum_hosts',
  successRateRequestVolume: 'success_rate_request_volume',
  enforcingSuccessRate: 'enforcing_success_rate',
  enforcingLocalOriginSuccessRate: 'enforcing_local_origin_success_rate',
  failurePercentageThreshold: 'failure_percentage_threshold',
  failurePercentageMinimumHosts: 'failure_percentage_minimum_hosts',
  failurePercentageRequestVolume: 'failure_percentage_request_volume',
  enforcingFailurePercentage: 'enforcing_failure_percentage',
  enforcingFailurePercentageLocalOrigin: 'enforcing_failure_percentage_local_origin',
} as const;

/** Outlier detection is always on, with Envoy's defaults where nothing is given (consul-behaviour 6.4, docs/traffic.md). */
export function outlierDetection(check: PassiveHealthCheck | undefined) {
  if (check === undefined) return {};
  const { intervalMs, maxFailures, maxEjectionTimeJitterMs = 0, alwaysEjectOneHost } = check;
  const { baseEjectionTimeMs = 0, maxEjectionTimeMs = 0 } = check;
  return {
    ...(intervalMs > 0 ? { interval: durationOf(intervalMs) } : {}),
    ...(maxFailures > 0 ? { consecutive_5xx: { value: maxFailures } } : {}),
    ...numbersOf(check),
    ...(baseEjectionTimeMs > 0 ? { base_ejection_time: durationOf(baseEjectionTimeMs) } : {}),
    ...(maxEjectionTimeMs > 0 ? { max_ejection_time: durationOf(maxEjectionTimeMs) } : {}),
    ...(maxEjectionTimeJitterMs > 0 ? { max_ejection_time_jitter: durationOf(maxEjectionTimeJitterMs) } : {}),
    ...(check.splitExternalLocalOriginErrors ? { split_external_local_origin_errors: true } : {}),
    ...(alwaysEjectOneHost === undefined ? {} : { always_eject_one_host: { value: alwaysEjectOneHost } }),
  };
}

type EnvoyNumber = (typeof NUMBERS)[keyof typeof NUMBERS];

function numbersOf(check: PassiveHealthCheck): { readonly [Name in EnvoyNumber]?: { readonly value: number } } {
  return Object.fromEntries(
    Object.entries(NUMBERS).flatMap(([ours, envoys]) => {
      const value = check[ours as keyof typeof NUMBERS];
      return value === undefined ? [] : [[envoys, { value }]];
    }),
  );
}
