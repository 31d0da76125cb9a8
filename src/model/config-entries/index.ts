/**
 * Config entries: one file per kind, each exporting an `EntryKind` (schema, normalize, validate, requires, references).
 * In: a decoded body. Out: a typed entry or one clear problem. Must never: read the store, or keep a kind it does not know.
 */
import type { Revisions } from '../records/common.js';
import type { ConfigEntry } from './config-entry.js';

export type { ApiGatewayEntry, ApiGatewayListener, ApiGatewayTls } from './api-gateway.js';
export {
  BOUND_API_GATEWAY,
  type BoundApiGateway,
  type BoundListener,
  encodeBoundApiGateway,
} from './bound-api-gateway.js';
export type { ConfigEntry, ConfigEntryKind, ConfigEntryKinds } from './config-entry.js';
export type { RequestCategory, RequestLimitEntry, RequestRates } from './control-plane-request-limit.js';
export type { ExportedServiceRule, ExportedServicesEntry, ServiceConsumer } from './exported-services.js';
export type { FileSystemCertificateEntry } from './file-system-certificate.js';
export type {
  HttpHeaderFilter,
  HttpNamedMatch,
  HttpRetryFilter,
  HttpRouteEntry,
  HttpRouteFilters,
  HttpRouteMatch,
  HttpRouteResponseFilters,
  HttpRouteRule,
  HttpRouteService,
  HttpTimeoutFilter,
} from './http-route.js';
export type {
  IngressDefaults,
  IngressGatewayEntry,
  IngressListener,
  IngressSds,
  IngressService,
  IngressTls,
} from './ingress-gateway.js';
export type { InlineCertificateEntry } from './inline-certificate.js';
export type {
  CookieConfig,
  HashPolicy,
  LeastRequestConfig,
  LoadBalancer,
  RingHashConfig,
} from './load-balancer.js';
export type {
  JsonWebKeySet,
  JwtForwarding,
  JwtLocation,
  JwtProviderEntry,
  KeyFetchRetries,
  KeySetCluster,
  KeySetTrust,
  LocalKeySet,
  RemoteKeySet,
  TrustedAuthority,
} from './jwt-provider.js';
export type { MeshEntry, MeshHttp, MeshTls, MeshTlsParameters, RequestNormalization } from './mesh.js';
export type { FailoverPolicy, ProxyDefaultsEntry } from './proxy-defaults.js';
export type {
  ServiceDefaultsEntry,
  ServiceDestination,
  UpstreamConfig,
  UpstreamConfiguration,
} from './service-defaults.js';
export type {
  IntentionAction,
  IntentionHeaderPermission,
  IntentionHttpPermission,
  IntentionJwtProvider,
  IntentionJwtRequirement,
  IntentionPermission,
  IntentionSource,
  ServiceIntentionsEntry,
} from './service-intentions.js';
export type {
  ServiceResolverEntry,
  ServiceResolverFailover,
  ServiceResolverFailoverTarget,
  ServiceResolverRedirect,
  ServiceResolverSubset,
} from './service-resolver.js';
export type {
  ServiceRoute,
  ServiceRouteDestination,
  ServiceRouteHeaderMatch,
  ServiceRouteHttpMatch,
  ServiceRouteMatch,
  ServiceRouteQueryMatch,
  ServiceRouterEntry,
} from './service-router.js';
export {
  checkedConfigEntry,
  configEntryHash,
  configEntryKinds,
  configEntryReferences,
  configEntryRequires,
  decodeConfigEntry,
  encodeConfigEntry,
  isConfigEntryKind,
  isEmptyConfigEntryKind,
  knownConfigEntryKind,
} from './registry.js';
export type { EntryKind } from './entry-kind.js';
export { privateKeyProblem } from './rules/certificate.js';
export type { ResourceReference } from './resource-reference.js';
export { resourceReferenceField } from './resource-reference.js';
export type { EntryAccess, Requirement } from './rules/requirement.js';
export { intentionPrecedence } from './service-intentions.js';
export type { ServiceSplit, ServiceSplitterEntry } from './service-splitter.js';
export {
  ANY,
  type Cors,
  type CorsOrigin,
  DEFAULT_BACK_OFF_BASE_MS,
  type DirectResponse,
  type Fault,
  type HeaderMatch,
  type PassiveHealthCheck,
  type PrioritizeByLocality,
  type RateLimit,
  type RateLimits,
  type RequestMirror,
  type RetryBackOff,
  type RetryBudget,
  type RetrySettings,
  type RouteRateLimit,
  type SlowStart,
  type UpstreamLimits,
  passiveHealthCheckField,
  passiveHealthCheckProblems,
  rateLimitsField,
  upstreamLimitsField,
  upstreamLimitsProblems,
} from './traffic/index.js';
export type { TcpRouteEntry } from './tcp-route.js';
export type { LinkedService, TerminatingGatewayEntry } from './terminating-gateway.js';
export type { HeaderModifiers, MutualTlsMode, TransparentProxySettings } from './shared-fields.js';

/** A stored entry. `hash` is the content hash shown to clients as a decimal uint64. */
export interface ConfigEntryRecord extends Revisions {
  readonly entry: ConfigEntry;
  readonly hash: string;
}
