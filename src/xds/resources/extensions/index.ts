/**
 * Envoy extensions: what `EnvoyExtensions` of proxy-defaults and service-defaults does to a proxy's resources.
 * In: the read entries, where a resource stands in its proxy, and the resource as its builder made it. Out: the resource changed,
 * or sentences that say why not. Must never: let the owner of a service change other traffic than to that service, throw for what
 * a user wrote, or change the cell of a resource that no extension concerns.
 *
 * One file an extension, each exporting an `ExtensionKind` (extension.ts has the shape; lua.ts is the shortest example):
 * - `schema`: its `Arguments` as fields of model/wire. Unknown and wrong fields are refused, with their paths, when the entry is
 *   written. `check`: rules that the form does not show (`argument-rules.ts` has the common ones).
 * - `changes`: `own` proxies of the service (all, in proxy-defaults), or what its `callers` send to it.
 * - `concerns`: asked for each resource with its `ExtensionPlace` (resource, direction, service, protocol).
 * - `patches`: functions from message to message, by what they change; use `insertHttpFilter` and `insertNetworkFilter` with
 *   `order.position` for filters. Throw AppError('invalidArgument') with one sentence for what cannot be done.
 * - `target`: when a filter talks to a server: an upstream, or a cluster of its own. The cluster's name comes in the context.
 * - `order`: where its filter stands and why; `envoyVersion`: a constraint, when not every served Envoy can do it.
 * Add the kind to registry.ts, a section to docs/extensions.md and a case to test/golden/xds. Our own are `meshwright/<name>`.
 *
 * The way through: `entryExtensionsCell` reads an entry; `proxyExtensions` and `upstreamExtensions` choose what counts for a proxy
 * (versions, targets, required); `withExtensions` (resource-cell.ts) puts it into the keys of the resources it concerns;
 * `extendResource` applies it to the bytes of the shared cell. A builder of a new resource only passes its place to `needed`.
 */
export type { ExtensionFailure } from './apply-extensions.js';
export { type ExtendedInput, type ExtendedResource, extendResource } from './extended-resource.js';
export type { ExtensionPlace, TrafficPlace } from './extension.js';
export { extensionCluster } from './extension-cluster.js';
export { activeExtension, type ExtensionUse, mayConcern, mayEverConcern } from './extension-use.js';
export {
  type ExtensionsOfProxy,
  proxyExtensions,
  type ResolvedExtensions,
  type UpstreamCluster,
  upstreamExtensions,
} from './proxy-extensions.js';
export { extensionNotes, extensionProblems } from './read-extension.js';
export { changesCallers } from './registry.js';
