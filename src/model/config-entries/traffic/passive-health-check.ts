import { type Field, duration, flag, integer, object, optional } from '../../wire/index.js';
import { countProblem, positiveDurationProblem } from '../rules/range.js';
import type { Problem } from '../rules/problems.js';

/**
 * Outlier detection: which instances an Envoy leaves out for a while because of how they answered it (consul-behaviour 4.1). Absent
 * fields = Envoy's defaults; from `maxEjectionTimeMs` on, fields that Consul does not have, under Envoy's names.
 */
export interface PassiveHealthCheck {
  /** 0 = not given. */
  readonly intervalMs: number;
  /** Answers of 5xx in a row; 0 = not given. */
  readonly maxFailures: number;
  readonly enforcingConsecutive5xx?: number;
  readonly maxEjectionPercent?: number;
  readonly baseEjectionTimeMs?: number;
  readonly maxEjectionTimeMs?: number;
  readonly maxEjectionTimeJitterMs?: number;
  readonly alwaysEjectOneHost?: boolean;
  /** 502, 503 and 504 in a row. */
  readonly consecutiveGatewayFailure?: number;
  readonly enforcingConsecutiveGatewayFailure?: number;
  /** Failed connections count apart from answers. */
  readonly splitExternalLocalOriginErrors?: boolean;
  readonly consecutiveLocalOriginFailure?: number;
  readonly enforcingConsecutiveLocalOriginFailure?: number;
  /** In thousandths of a standard deviation. */
  readonly successRateStdevFactor?: number;
  readonly successRateMinimumHosts?: number;
  readonly successRateRequestVolume?: number;
  readonly enforcingSuccessRate?: number;
  readonly enforcingLocalOriginSuccessRate?: number;
  readonly failurePercentageThreshold?: number;
  readonly failurePercentageMinimumHosts?: number;
  readonly failurePercentageRequestVolume?: number;
  readonly enforcingFailurePercentage?: number;
  readonly enforcingFailurePercentageLocalOrigin?: number;
}

const count = optional(integer());
const time = optional(duration({ shownAs: 'nanoseconds' }));

export const passiveHealthCheckField: Field<PassiveHealthCheck> = object<PassiveHealthCheck>({
  intervalMs: duration({ shownAs: 'nanoseconds' }),
  maxFailures: integer({ unsigned32: true }),
  enforcingConsecutive5xx: optional(integer({ unsigned32: true })),
  maxEjectionPercent: optional(integer({ unsigned32: true })),
  baseEjectionTimeMs: time,
  maxEjectionTimeMs: time,
  maxEjectionTimeJitterMs: time,
  alwaysEjectOneHost: optional(flag()),
  consecutiveGatewayFailure: count,
  enforcingConsecutiveGatewayFailure: count,
  splitExternalLocalOriginErrors: optional(flag()),
  consecutiveLocalOriginFailure: count,
  enforcingConsecutiveLocalOriginFailure: count,
  successRateStdevFactor: count,
  successRateMinimumHosts: count,
  successRateRequestVolume: count,
  enforcingSuccessRate: count,
  enforcingLocalOriginSuccessRate: count,
  failurePercentageThreshold: count,
  failurePercentageMinimumHosts: count,
  failurePercentageRequestVolume: count,
  enforcingFailurePercentage: count,
  enforcingFailurePercentageLocalOrigin: count,
});

const PERCENTAGES = [
  'enforcingConsecutiveGatewayFailure',
  'enforcingConsecutiveLocalOriginFailure',
  'enforcingSuccessRate',
  'enforcingLocalOriginSuccessRate',
  'failurePercentageThreshold',
  'enforcingFailurePercentage',
  'enforcingFailurePercentageLocalOrigin',
] as const;
const COUNTS = [
  'consecutiveGatewayFailure',
  'consecutiveLocalOriginFailure',
  'successRateStdevFactor',
  'successRateMinimumHosts',
  'successRateRequestVolume',
  'failurePercentageMinimumHosts',
  'failurePercentageRequestVolume',
] as const;
/** What counts only when failed connections are told apart. */
const OF_LOCAL_ORIGIN = [
  'consecutiveLocalOriginFailure',
  'enforcingConsecutiveLocalOriginFailure',
  'enforcingLocalOriginSuccessRate',
  'enforcingFailurePercentageLocalOrigin',
] as const;

/** Everything wrong with outlier detection, in Consul's words where it has the rule. */
export function passiveHealthCheckProblems(check: PassiveHealthCheck | undefined): readonly Problem[] {
  if (check === undefined) return [];
  return [
    check.intervalMs < 0 ? 'PassiveHealthCheck.Interval: passive health check interval cannot be negative' : undefined,
    isPercentage(check.enforcingConsecutive5xx)
      ? undefined
      : 'PassiveHealthCheck.EnforcingConsecutive5xx: passive health check enforcing_consecutive_5xx must be a percentage between 0 and 100',
    isPercentage(check.maxEjectionPercent)
      ? undefined
      : 'PassiveHealthCheck.MaxEjectionPercent: passive health check max_ejection_percent must be a percentage between 0 and 100',
    (check.baseEjectionTimeMs ?? 0) < 0
      ? 'PassiveHealthCheck.BaseEjectionTime: passive health check base_ejection_time cannot be negative'
      : undefined,
    ...PERCENTAGES.map((name) => countProblem(pathOf(name), check[name], 0, 100)),
    ...COUNTS.map((name) => countProblem(pathOf(name), check[name], 0)),
    ...OF_LOCAL_ORIGIN.map((name) =>
      check[name] === undefined || check.splitExternalLocalOriginErrors
        ? undefined
        : `${pathOf(name)} needs SplitExternalLocalOriginErrors`,
    ),
    positiveDurationProblem('PassiveHealthCheck.MaxEjectionTime', check.maxEjectionTimeMs),
    (check.maxEjectionTimeMs ?? Infinity) < (check.baseEjectionTimeMs ?? 0)
      ? 'PassiveHealthCheck.MaxEjectionTime must not be below BaseEjectionTime'
      : undefined,
    positiveDurationProblem('PassiveHealthCheck.MaxEjectionTimeJitter', check.maxEjectionTimeJitterMs || undefined),
  ];
}

function isPercentage(value: number | undefined): boolean {
  return value === undefined || value <= 100;
}

function pathOf(name: string): string {
  return `PassiveHealthCheck.${name.charAt(0).toUpperCase()}${name.slice(1)}`;
}
