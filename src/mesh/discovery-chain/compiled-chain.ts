import type { EnvoyExtension, MeshGatewayMode, StringMap } from '../../model/index.js';
import type {
  LoadBalancer,
  PrioritizeByLocality,
  ServiceRoute,
  ServiceSplit,
} from '../../model/config-entries/index.js';

/**
 * A compiled discovery chain (consul-behaviour 5.1). Keys of `nodes`: `<type>:<name>`; of `targets`: target ids. Virtual IPs are
 * not part of it: they are no input of the compilation (`encodeCompiledChain` puts them beside it for clients).
 */
export interface CompiledChain {
  readonly serviceName: string;
  readonly namespace: string;
  readonly partition: string;
  readonly datacenter: string;
  /** First 8 hex characters of the hash of the overrides that changed something; empty otherwise. */
  readonly customizationHash: string;
  /** A single resolver node without a resolver entry of its own, pointing at the service itself. */
  readonly default: boolean;
  readonly protocol: string;
  readonly serviceMeta: StringMap;
  readonly envoyExtensions: readonly EnvoyExtension[];
  readonly startNode: string;
  readonly nodes: Readonly<Record<string, ChainNode>>;
  readonly targets: Readonly<Record<string, ChainTarget>>;
}

export type ChainNode = RouterNode | SplitterNode | ResolverNode;

export interface RouterNode {
  readonly type: 'router';
  readonly name: string;
  readonly routes: readonly RouterRoute[];
  readonly loadBalancer?: LoadBalancer;
}

export interface RouterRoute {
  readonly definition: ServiceRoute;
  /** Empty for a direct response. */
  readonly nextNode: string;
  /** Resolvers that get copies of requests, one for each mirror of the definition; absent = none. */
  readonly mirrorNodes?: readonly string[];
}

export interface SplitterNode {
  readonly type: 'splitter';
  readonly name: string;
  /** `weight` in per cent, steps of 0.01. */
  readonly splits: readonly { readonly definition: ServiceSplit; readonly weight: number; readonly nextNode: string }[];
  readonly loadBalancer?: LoadBalancer;
}

export interface ResolverNode {
  readonly type: 'resolver';
  readonly name: string;
  readonly resolver: {
    readonly default: boolean;
    readonly connectTimeoutMs: number;
    readonly requestTimeoutMs: number;
    readonly target: string;
    readonly failover?: { readonly targets: readonly string[] };
  };
  readonly loadBalancer?: LoadBalancer;
}

export interface ChainTarget {
  readonly id: string;
  readonly service: string;
  readonly serviceSubset: string;
  readonly namespace: string;
  readonly partition: string;
  readonly datacenter: string;
  readonly peer: string;
  readonly meshGateway: { readonly mode: MeshGatewayMode };
  readonly subset: { readonly filter: string; readonly onlyPassing: boolean };
  readonly transparentProxy: { readonly dialedDirectly: boolean };
  readonly connectTimeoutMs: number;
  readonly external: boolean;
  readonly sni: string;
  /** Base of the cluster name: the SNI unless external or peered. */
  readonly name: string;
  /** Of the resolver, else of proxy-defaults; absent = neither says anything. */
  readonly prioritizeByLocality?: PrioritizeByLocality;
}

/** What a proxy (or a POST to the API) asks to be different. Empty or absent = no override. */
export interface ChainOverrides {
  readonly protocol?: string;
  readonly meshGatewayMode?: MeshGatewayMode;
  readonly connectTimeoutMs?: number;
}

export interface ChainRequest {
  readonly service: string;
  readonly evaluateInDatacenter: string;
  readonly overrides: ChainOverrides;
  /** For an Envoy 1.x of this minor version: headers that it cannot make are not set. Absent = for one that knows all. */
  readonly formatsUpTo?: number;
}

/** A chain, or why there is none. The problem is a value, so that a broken chain never breaks its readers. */
export type ChainResult =
  | { readonly ok: true; readonly chain: CompiledChain }
  | { readonly ok: false; readonly problem: string };
