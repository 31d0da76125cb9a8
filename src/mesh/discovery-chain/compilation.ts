import type { MeshView } from '../../model/index.js';
import type { ChainNode, ChainRequest, ChainTarget } from './compiled-chain.js';
import { protocolOf, trustDomainOf } from './entries.js';
import { DEFAULT_NAMESPACE, DEFAULT_PARTITION, type TargetName } from './target.js';

/**
 * Where an entry says something, in the words of the wire: `service-router/web Routes[0].Destination`. Empty = nowhere: it is the
 * service whose chain is compiled.
 */
export type Place = string;

/** A field of what stands at a place. */
export function fieldAt(place: Place, field: string): Place {
  return place === '' ? '' : `${place}.${field}`;
}

/** Why a chain cannot be compiled, and where that stands; thrown within this folder only, `compileChain` makes it a value. */
export class ChainProblem extends Error {
  constructor(problem: string, place: Place = '') {
    super(place === '' ? problem : `${place}: ${problem}`);
  }
}

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
  /** The services that do. */
  readonly agreeing: Set<string>;
  /** An override that cannot be routed leaves routers and splitters out. */
  readonly withoutRouting: boolean;
  /** The first router or splitter; undefined = there is none. */
  routing: Place | undefined;
  /** Where requests for a service go, by target: thousands of routes may lead to one. */
  readonly destinations: Map<string, string>;
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
    agreeing: new Set(),
    destinations: new Map(),
    withoutRouting,
    routing: undefined,
    splitterDepth: 0,
    changedBy: { protocol: false, meshGatewayMode: false, connectTimeoutMs: false },
  };
}

/** Services of one chain speak one protocol. `place` names the service. */
export function recordProtocol(compilation: Compilation, service: string, place: Place): void {
  if (compilation.agreeing.has(service)) return;
  const protocol = protocolOf(compilation.view, service);
  if (compilation.protocol === '') compilation.protocol = protocol;
  if (compilation.protocol === protocol) {
    compilation.agreeing.add(service);
    return;
  }
  throw new ChainProblem(
    `discovery chain "${compilation.request.service}" uses inconsistent protocols; ` +
      `service "${service}" has "${protocol}" which is not "${compilation.protocol}"`,
    fieldAt(place, 'Service'),
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

const NODE_NAME_END = `.${DEFAULT_NAMESPACE}.${DEFAULT_PARTITION}`;

export function serviceNodeName(service: string): string {
  return `${service}${NODE_NAME_END}`;
}

/** The legs of a splitter, by the name of its node. */
export function splitsPlace(nodeName: string): Place {
  return `service-splitter/${nodeName.slice(0, -NODE_NAME_END.length)} Splits`;
}
