import { type Field, duration, flag, integer, list, object, optional, text } from '../wire/index.js';
import { type SlowStart, slowStartField } from './traffic/index.js';

/** How Envoy picks an instance (consul-behaviour 4.5). Policy '' and `random`, `round_robin`, `least_request`, `ring_hash`, `maglev`. */
export interface LoadBalancer {
  readonly policy: string;
  readonly ringHashConfig?: RingHashConfig;
  readonly leastRequestConfig?: LeastRequestConfig;
  readonly hashPolicies: readonly HashPolicy[];
  /** Beyond Consul. */
  readonly slowStart?: SlowStart;
}

export interface RingHashConfig {
  readonly minimumRingSize: number;
  readonly maximumRingSize: number;
}

export interface LeastRequestConfig {
  readonly choiceCount: number;
}

/** What a request is hashed by: the client's address, or a field of the request. */
export interface HashPolicy {
  readonly field: '' | 'header' | 'cookie' | 'query_parameter';
  readonly fieldValue: string;
  readonly cookieConfig?: CookieConfig;
  readonly sourceIp: boolean;
  readonly terminal: boolean;
}

/** How Envoy makes a cookie that the client does not bring. */
export interface CookieConfig {
  readonly session: boolean;
  readonly ttlMs: number;
  readonly path: string;
}

export const loadBalancerField: Field<LoadBalancer> = object<LoadBalancer>({
  policy: text(),
  ringHashConfig: optional(object<RingHashConfig>({ minimumRingSize: integer(), maximumRingSize: integer() })),
  leastRequestConfig: optional(object<LeastRequestConfig>({ choiceCount: integer({ unsigned32: true }) })),
  hashPolicies: list(
    object<HashPolicy>({
      field: text() as Field<HashPolicy['field']>,
      fieldValue: text(),
      cookieConfig: optional(object<CookieConfig>({ session: flag(), ttlMs: duration(), path: text() })),
      sourceIp: flag(),
      terminal: flag(),
    }),
  ),
  slowStart: optional(slowStartField),
});
