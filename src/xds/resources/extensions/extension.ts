import type { Field } from '../../../model/wire/index.js';
import type { EnvoyMessages } from '../../envoy-api/index.js';

export type Cluster = EnvoyMessages['envoy.config.cluster.v3.Cluster'];
export type Endpoints = EnvoyMessages['envoy.config.endpoint.v3.ClusterLoadAssignment'];
export type Listener = EnvoyMessages['envoy.config.listener.v3.Listener'];
export type FilterChain = NonNullable<Listener['filter_chains']>[number];
export type NetworkFilter = NonNullable<FilterChain['filters']>[number];
export type HttpConnectionManager =
  EnvoyMessages['envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager'];
export type HttpFilter = NonNullable<HttpConnectionManager['http_filters']>[number];
export type RouteConfiguration = EnvoyMessages['envoy.config.route.v3.RouteConfiguration'];

/** Which way the traffic of a resource goes, and whose it is. */
export interface TrafficPlace {
  /** `inbound`: to the proxy's own service; `outbound`: to one of its upstreams. */
  readonly direction: 'inbound' | 'outbound';
  /** The service the traffic is for: the proxy's own, or the upstream's (of its chain, wherever that leads). */
  readonly service: string;
  /** Of that traffic: tcp, http, http2 or grpc. */
  readonly protocol: string;
}

/** Where a resource stands in its proxy: what decides which extensions concern it. */
export interface ExtensionPlace extends TrafficPlace {
  readonly resource: 'cluster' | 'endpoint' | 'listener' | 'route';
  /** Listeners whose filter chains are for different services: place by the chain's name; chains that are not named have the listener's. */
  readonly chains?: Readonly<Record<string, TrafficPlace>>;
}

/** Where an extension's filter stands, and why there and nowhere else. Equals keep the order of their list. */
export interface ExtensionOrder {
  readonly position: 'first' | 'before-authorization' | 'after-authorization' | 'before-last' | 'no-filter';
  readonly reason: string;
}

/** One thing wrong with arguments that have the right form; `path` is below `Arguments`, e.g. `Patches[0].Path`. */
export interface ArgumentProblem {
  readonly path: string;
  /** What is wrong, without the path: `must be …`. */
  readonly problem: string;
}

/** A server that an extension's filter talks to: an upstream of the proxy, or one beside it that gets a cluster of its own. */
export type ExtensionTarget =
  | {
      readonly type: 'upstream';
      readonly service: string;
      /** It is called over HTTP/2 (gRPC). */
      readonly http2: boolean;
    }
  | { readonly type: 'local'; readonly clusterName: string; readonly cluster: Omit<Cluster, 'name'> };

/** What an extension may know besides its arguments. */
export interface PatchContext {
  readonly place: ExtensionPlace;
  /** The entry says `Required`. */
  readonly required: boolean;
  /** Name of the cluster of the extension's target; empty when it has none. */
  readonly targetCluster: string;
}

/**
 * How an extension changes what was built. Each takes a message (or list) and returns the new one, or the same one when there is
 * nothing in it for the extension; none may change what it is given. Throws AppError('invalidArgument') with a sentence for what cannot be done; the resource then stays without this
 * extension, and when it is required the proxy keeps its last good configuration.
 */
export interface ExtensionPatches<Arguments> {
  readonly cluster?: Patch<Cluster, Arguments>;
  readonly endpoints?: Patch<Endpoints, Arguments>;
  readonly listener?: Patch<Listener, Arguments>;
  /** For every filter chain of a listener. */
  readonly networkFilters?: Patch<readonly NetworkFilter[], Arguments>;
  /** For every HTTP connection manager of a listener. */
  readonly manager?: Patch<HttpConnectionManager, Arguments>;
  readonly httpFilters?: Patch<readonly HttpFilter[], Arguments>;
  /** For fetched routes, and for those that stand inside a connection manager. */
  readonly routes?: Patch<RouteConfiguration, Arguments>;
}

export type Patch<Message, Arguments> = (message: Message, args: Arguments, context: PatchContext) => Message;

/** All there is to know about one extension: what its file exports. */
export interface ExtensionKind<Arguments> {
  /** `builtin/…` as Consul calls it, `meshwright/…` for our own. */
  readonly name: string;
  /** The form of `Arguments`; its problems are reported with their paths when an entry is written. */
  readonly schema: Field<Arguments>;
  /** Rules that the form alone does not show. */
  readonly check: (args: Arguments) => readonly ArgumentProblem[];
  /** Why arguments that are in order have no effect on any proxy: `Script …`. */
  readonly note?: (args: Arguments) => ArgumentProblem | undefined;
  /**
   * Whose proxies it may change. `own`: those of the service whose entry has it, or all for proxy-defaults. `callers`: what the
   * callers of that service send to it, and nothing else of theirs; only in service-defaults.
   */
  readonly changes: 'own' | 'callers';
  /** The kind of proxy it is for: `connect-proxy`, `api-gateway`. */
  readonly proxyType: (args: Arguments) => string;
  /** Envoys that can do it, as a version constraint; absent = all that are served. */
  readonly envoyVersion?: string;
  readonly order: ExtensionOrder;
  /** Whether it has to do with a resource that stands here. Where it has, and none of its patches fits, that is a problem. */
  readonly concerns: (args: Arguments, place: ExtensionPlace) => boolean;
  readonly target?: (args: Arguments) => ExtensionTarget | undefined;
  readonly patches: ExtensionPatches<Arguments>;
}

// oxlint-disable-next-line typescript/no-explicit-any -- the registry holds kinds of different arguments
export type AnyExtensionKind = ExtensionKind<any>;
