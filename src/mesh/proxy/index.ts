/**
 * Proxy: what one proxy is and needs in terms of the mesh: its registration merged with central configuration, the endpoints
 * of what it calls. In: a view, a proxy's key. Out: plain values. Must never: know an Envoy message.
 */
export { PROXY_NUMBERS, numberSetting } from './opaque-settings.js';
export { proxyProblems, unservedUpstream } from './proxy-problems.js';
export { exposedPathsCell } from './exposed-paths.js';
export { type UpstreamCaller, implicitUpstream, resolveUpstream, upstreamCaller } from './resolve-upstream.js';
export { type ProxyReference, proxyKey, resolvedProxyCell, resolvedUpstreams } from './resolve-proxy.js';
export { instanceChecks } from './mesh-instances.js';
export type { ResolvedProxy, ResolvedUpstream } from './resolved-proxy.js';
export { serviceSpiffeId, targetSpiffeId } from './spiffe.js';
export {
  type TargetEndpoint,
  type TargetSelection,
  instanceEndpoint,
  selectedInstances,
  targetEndpointsCell,
  targetEndpointsKey,
} from './target-endpoints.js';
