import { type Field, duration, integer, object, optional } from '../../../model/wire/index.js';
import { durationOf } from '../config-sources.js';
import type { ArgumentProblem } from './extension.js';

/** How often, and how soon, Envoy tries again to reach a server of an extension. */
export interface RetryPolicy {
  readonly retryBackOff: RetryBackOff | undefined;
  /** Absent or negative = Envoy's default. */
  readonly numRetries: number | undefined;
}

interface RetryBackOff {
  /** 0 = 1 s. */
  readonly baseIntervalMs: number;
  /** 0 = ten times the base. */
  readonly maxIntervalMs: number;
}

const DEFAULT_BASE_MS = 1000;

export const retryPolicyField: Field<RetryPolicy | undefined> = optional(
  object<RetryPolicy>({
    retryBackOff: optional(object<RetryBackOff>({ baseIntervalMs: duration(), maxIntervalMs: duration() })),
    numRetries: optional(integer()),
  }),
);

export function retryPolicyProblems(
  path: string,
  { retryBackOff, numRetries = 0 }: RetryPolicy,
): readonly ArgumentProblem[] {
  const { baseIntervalMs = 0, maxIntervalMs = 0 } = retryBackOff ?? {};
  const base = baseIntervalMs || DEFAULT_BASE_MS;
  return [
    ...(baseIntervalMs < 0 || (baseIntervalMs > 0 && baseIntervalMs < 1)
      ? [{ path: `${path}.RetryBackOff.BaseInterval`, problem: 'must be 1ms or longer' }]
      : []),
    ...(maxIntervalMs < 0 || (maxIntervalMs > 0 && maxIntervalMs < base)
      ? [{ path: `${path}.RetryBackOff.MaxInterval`, problem: 'must not be shorter than BaseInterval' }]
      : []),
    ...(numRetries >= 2 ** 32 ? [{ path: `${path}.NumRetries`, problem: 'must be at most 4294967295' }] : []),
  ];
}

/** The policy as Envoy has it. */
export function retryPolicyOf({ retryBackOff, numRetries = -1 }: RetryPolicy) {
  return {
    ...(retryBackOff
      ? {
          retry_back_off: {
            base_interval: durationOf(retryBackOff.baseIntervalMs || DEFAULT_BASE_MS),
            ...(retryBackOff.maxIntervalMs > 0 ? { max_interval: durationOf(retryBackOff.maxIntervalMs) } : {}),
          },
        }
      : {}),
    ...(numRetries >= 0 ? { num_retries: { value: numRetries } } : {}),
  };
}
