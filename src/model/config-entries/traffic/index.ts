/**
 * Traffic: parts of config entries that say how requests are treated, most of them beyond what Consul has (docs/traffic.md). One
 * file a feature: its type, its field and its rules. In: what stands in an entry. Out: typed settings, or one sentence that names
 * the field. Must never: know an entry of its own, or another entry.
 */
export { ANY, type Cors, type CorsOrigin, corsField, corsProblem } from './cors.js';
export { type DirectResponse, directResponseField, directResponseProblem } from './direct-response.js';
export { type Fault, faultField, faultProblem } from './fault.js';
export { type HeaderMatch, headerMatchField, headerMatchesProblem } from './header-match.js';
export {
  type PassiveHealthCheck,
  passiveHealthCheckField,
  passiveHealthCheckProblems,
} from './passive-health-check.js';
export {
  type PrioritizeByLocality,
  prioritizeByLocalityField,
  prioritizeByLocalityProblem,
} from './prioritize-by-locality.js';
export {
  type RateLimit,
  type RateLimits,
  type RouteRateLimit,
  rateLimitsField,
  rateLimitsProblem,
} from './rate-limits.js';
export { type RequestMirror, requestMirrorField, requestMirrorsProblem } from './request-mirror.js';
export {
  DEFAULT_BACK_OFF_BASE_MS,
  type RetryBackOff,
  type RetrySettings,
  retriesProblem,
  retryFields,
} from './retries.js';
export { type SlowStart, slowStartField, slowStartProblem } from './slow-start.js';
export {
  type RetryBudget,
  type UpstreamLimits,
  upstreamLimitsField,
  upstreamLimitsProblems,
} from './upstream-limits.js';
