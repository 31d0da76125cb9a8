import type { MeshView } from '../../model/index.js';
import type { ChainNode, ChainRequest, ChainTarget } from './compiled-chain.js';
import { protocolOf, trustDomainOf } from './entries.js';
import { DEFAULT_NAMESPACE, DEFAULT_PARTITION, type TargetName } from './target.js';

/** Why a chain cannot be compiled; thrown within this folder only, `compileChain` makes it a value. */
export class ChainProblem extends Error {}

/** What one compilation has found so far. */
export interface Compilation {
  readonly view: MeshView;
  readonly request: ChainRequest;
  readonly trustDomain: string;
  /** Nodes by key; splitters are entered before their legs are followed, so that circles end. */
  readonly nodes: Map<string, ChainNode>;
  readonly targets: Map<string, ChainTarget>;
  /** Of the first service seen; all others have to agree. */
  protocol: string;
  /** An override that cannot be routed leaves routers and splitters out. */
  readonly withoutRouting: boolean;
  usesRouting: boolean;
  /** How many splitters lead to where the compilation stands. */
  splitterDepth: number;
  readonly changedBy: { protocol: boolean; meshGatewayMode: boolean; connectTimeoutMs: boolean };
}

export function startCompilation(view: MeshView, request: ChainRequest, withoutRouting: boolean): Compilation {
  return {
    view,
    request,
    trustDomain: trustDomainOf(view),
    nodes: new Map(),
    targets: new Map(),
    protocol: '',
    withoutRouting,
    usesRouting: false,
    splitterDepth: 0,
    changedBy: { protocol: false, meshGatewayMode: false, connectTimeoutMs: false },
  };
}

/** Services of one chain speak one protocol. */
export function recordProtocol(compilation: Compilation, service: string): void {
  const protocol = protocolOf(compilation.view, service);
  if (compilation.protocol === '') compilation.protocol = protocol;
  if (compilation.protocol === protocol) return;
  throw new ChainProblem(
    `discovery chain "${compilation.request.service}" uses inconsistent protocols; ` +
      `service "${service}" has "${protocol}" which is not "${compilation.protocol}"`,
  );
}

/** A service as a target, where the chain is evaluated. */
export function localTarget(
  compilation: Compilation,
  service: string,
  more: { readonly serviceSubset?: string; readonly namespace?: string; readonly partition?: string } = {},
): TargetName {
  return {
    service,
    serviceSubset: more.serviceSubset ?? '',
    namespace: more.namespace || DEFAULT_NAMESPACE,
    partition: more.partition || DEFAULT_PARTITION,
    datacenter: compilation.request.evaluateInDatacenter,
    peer: '',
  };
}

/** Key of a router's or splitter's node. */
export function serviceNodeKey(type: 'router' | 'splitter', service: string): string {
  return `${type}:${serviceNodeName(service)}`;
}

export function serviceNodeName(service: string): string {
  return `${service}.${DEFAULT_NAMESPACE}.${DEFAULT_PARTITION}`;
}
