import { type Field, duration, flag, integer, list, object, optional, text } from '../../wire/index.js';
import { type HeaderMatch, headerMatchField, headerMatchesProblem } from './header-match.js';
import { positiveDurationProblem } from '../rules/range.js';
import { type Problem, firstProblem } from '../rules/problems.js';

/** When and how a request is tried again (consul-behaviour 4.3); from `retryOnHeaders` on, fields that Consul does not have. */
export interface RetrySettings {
  readonly numRetries: number;
  readonly retryOnConnectFailure: boolean;
  readonly retryOn: readonly string[];
  readonly retryOnStatusCodes: readonly number[];
  /** Headers of an answer, any of which makes the request be tried again. */
  readonly retryOnHeaders?: readonly HeaderMatch[];
  /** How long one try may take; the whole is limited by the request timeout. */
  readonly perTryTimeoutMs?: number;
  /** How long one try may be silent. */
  readonly perTryIdleTimeoutMs?: number;
  readonly retryBackOff?: RetryBackOff;
  /** Another instance is tried when there is one. */
  readonly retryIgnorePreviousHosts?: boolean;
}

/** The pause before the nth retry is a random time below `baseInterval` x (2^n - 1), at most `maxInterval`. */
export interface RetryBackOff {
  /** 0 = 25 ms. */
  readonly baseIntervalMs: number;
  /** 0 = ten times the base. */
  readonly maxIntervalMs: number;
  /** `Retry-After` of an answer, in seconds, is obeyed up to this; 0 = it is not looked at. */
  readonly maxRetryAfterMs: number;
}

/** Envoy's own pause, where none is given. */
export const DEFAULT_BACK_OFF_BASE_MS = 25;

/** The fields of a destination that say when and how to retry. */
export const retryFields = {
  numRetries: integer({ unsigned32: true }),
  retryOnConnectFailure: flag(),
  retryOn: list(text()),
  retryOnStatusCodes: list(integer({ unsigned32: true })),
  retryOnHeaders: optional(list(headerMatchField)),
  perTryTimeoutMs: optional(duration()),
  perTryIdleTimeoutMs: optional(duration()),
  retryBackOff: optional(
    object<RetryBackOff>({ baseIntervalMs: duration(), maxIntervalMs: duration(), maxRetryAfterMs: duration() }),
  ),
  retryIgnorePreviousHosts: optional(flag()),
} satisfies { readonly [Key in keyof RetrySettings]-?: Field<RetrySettings[Key]> };

/** Conditions of Consul, and `reset-before-request`, the one under which nothing can be done twice. */
const CONDITIONS: ReadonlySet<string> = new Set([
  '5xx',
  'cancelled',
  'connect-failure',
  'deadline-exceeded',
  'envoy-ratelimited',
  'gateway-error',
  'internal',
  'refused-stream',
  'reset',
  'reset-before-request',
  'resource-exhausted',
  'retriable-4xx',
  'unavailable',
]);

/** Known conditions, times that make sense. `where` is `Route[0]`, `path` that of the destination; `requestTimeoutMs` is its. */
export function retriesProblem(
  where: string,
  path: string,
  settings: RetrySettings & { readonly requestTimeoutMs: number },
): Problem {
  const { perTryTimeoutMs, perTryIdleTimeoutMs, requestTimeoutMs } = settings;
  return (
    firstProblem(settings.retryOn, (condition) =>
      CONDITIONS.has(condition) ? undefined : `${where} contains an invalid retry condition: "${condition}"`,
    ) ??
    headerMatchesProblem(`${path}.RetryOnHeaders`, settings.retryOnHeaders ?? []) ??
    positiveDurationProblem(`${path}.PerTryTimeout`, perTryTimeoutMs) ??
    positiveDurationProblem(`${path}.PerTryIdleTimeout`, perTryIdleTimeoutMs) ??
    (requestTimeoutMs > 0 && (perTryTimeoutMs ?? 0) > requestTimeoutMs
      ? `${path}.PerTryTimeout must not be above RequestTimeout, which ends all tries`
      : undefined) ??
    backOffProblem(`${path}.RetryBackOff`, settings.retryBackOff)
  );
}

function backOffProblem(path: string, backOff: RetryBackOff | undefined): Problem {
  if (backOff === undefined) return undefined;
  const { baseIntervalMs, maxIntervalMs, maxRetryAfterMs } = backOff;
  if (baseIntervalMs === 0 && maxIntervalMs === 0 && maxRetryAfterMs === 0)
    return `${path} needs a BaseInterval, a MaxInterval or a MaxRetryAfter`;
  const base = baseIntervalMs === 0 ? DEFAULT_BACK_OFF_BASE_MS : baseIntervalMs;
  return (
    positiveDurationProblem(`${path}.BaseInterval`, baseIntervalMs || undefined) ??
    positiveDurationProblem(`${path}.MaxInterval`, maxIntervalMs || undefined) ??
    positiveDurationProblem(`${path}.MaxRetryAfter`, maxRetryAfterMs || undefined) ??
    (maxIntervalMs > 0 && maxIntervalMs < base ? `${path}.MaxInterval must not be below BaseInterval` : undefined)
  );
}
