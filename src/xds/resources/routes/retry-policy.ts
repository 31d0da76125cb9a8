import {
  DEFAULT_BACK_OFF_BASE_MS,
  type RetryBackOff,
  type RetrySettings,
} from '../../../model/config-entries/index.js';
import { packAny } from '../../envoy-api/index.js';
import { durationOf } from '../config-sources.js';
import { headerMatch } from './route-match.js';

/** Picks of a host before a retry goes to the same instance again, for there may be no other. */
const HOST_PICKS = 5;

/** When and how the requests of a route are tried again (consul-behaviour 4.3, docs/traffic.md); undefined when nothing is said. */
export function retryPolicy(settings: RetrySettings) {
  const { numRetries, retryOn, retryOnConnectFailure, retryOnStatusCodes, retryOnHeaders = [] } = settings;
  const { perTryTimeoutMs, perTryIdleTimeoutMs, retryBackOff, retryIgnorePreviousHosts } = settings;
  const conditions = [...retryOn];
  if (retryOnConnectFailure) conditions.push('connect-failure');
  if (retryOnStatusCodes.length > 0) conditions.push('retriable-status-codes');
  if (retryOnHeaders.length > 0) conditions.push('retriable-headers');
  const bounded = perTryTimeoutMs !== undefined || perTryIdleTimeoutMs !== undefined;
  if (conditions.length === 0 && numRetries === 0 && !bounded) return undefined;
  return {
    retry_on: conditions.join(','),
    num_retries: numRetries > 0 ? { value: numRetries } : undefined,
    per_try_timeout: perTryTimeoutMs === undefined ? undefined : durationOf(perTryTimeoutMs),
    retriable_status_codes: retryOnStatusCodes.length > 0 ? [...retryOnStatusCodes] : undefined,
    retriable_headers: retryOnHeaders.length > 0 ? retryOnHeaders.map(headerMatch) : undefined,
    per_try_idle_timeout: perTryIdleTimeoutMs === undefined ? undefined : durationOf(perTryIdleTimeoutMs),
    ...(retryBackOff ? backOff(retryBackOff) : {}),
    ...(retryIgnorePreviousHosts ? otherInstances() : {}),
  };
}

function backOff({ baseIntervalMs, maxIntervalMs, maxRetryAfterMs }: RetryBackOff) {
  const base = baseIntervalMs === 0 ? DEFAULT_BACK_OFF_BASE_MS : baseIntervalMs;
  return {
    ...(baseIntervalMs > 0 || maxIntervalMs > 0
      ? {
          retry_back_off: {
            base_interval: durationOf(base),
            ...(maxIntervalMs > 0 ? { max_interval: durationOf(maxIntervalMs) } : {}),
          },
        }
      : {}),
    ...(maxRetryAfterMs > 0
      ? {
          rate_limited_retry_back_off: {
            reset_headers: [{ name: 'retry-after', format: 'SECONDS' as const }],
            max_interval: durationOf(maxRetryAfterMs),
          },
        }
      : {}),
  };
}

function otherInstances() {
  return {
    retry_host_predicate: [
      {
        name: 'envoy.retry_host_predicates.previous_hosts',
        typed_config: packAny('envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate', {}),
      },
    ],
    host_selection_retry_max_attempts: String(HOST_PICKS),
  };
}
