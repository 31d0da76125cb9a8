import { formatSince } from '../../lang/envoy-format/index.js';
import type { HeaderModifiers, ServiceRoute, ServiceSplit, StringMap } from '../../model/index.js';
import type { ChainNode, CompiledChain } from './compiled-chain.js';

/** A header of a chain whose value names something that came with a later Envoy. */
export interface NewerHeader {
  readonly header: string;
  readonly value: string;
  /** The minor version that it came with. */
  readonly since: number;
}

/** The headers that an Envoy 1.`minor` cannot be told to set; they are what `withoutNewerHeaders` leaves out. */
export function newerHeaders(chain: CompiledChain, minor: number): readonly NewerHeader[] {
  const found: NewerHeader[] = [];
  withoutHeaders(chain, (header, value) => {
    const since = formatSince(value);
    if (since > minor) found.push({ header, value, since });
    return since > minor;
  });
  return found;
}

/** The chain for an Envoy 1.`minor`: headers whose values it cannot make are not set. */
export function withoutNewerHeaders(chain: CompiledChain, minor: number): CompiledChain {
  return withoutHeaders(chain, (_header, value) => formatSince(value) > minor);
}

type Test = (header: string, value: string) => boolean;

function withoutHeaders(chain: CompiledChain, leaveOut: Test): CompiledChain {
  const nodes = Object.entries(chain.nodes).map(([key, node]) => [key, ofNode(node, leaveOut)] as const);
  return { ...chain, nodes: Object.fromEntries(nodes) };
}

function ofNode(node: ChainNode, leaveOut: Test): ChainNode {
  if (node.type === 'router')
    return {
      ...node,
      routes: node.routes.map((route) => ({ ...route, definition: ofRoute(route.definition, leaveOut) })),
    };
  if (node.type === 'splitter')
    return {
      ...node,
      splits: node.splits.map((split) => ({ ...split, definition: ofChanges(split.definition, leaveOut) })),
    };
  return node;
}

function ofRoute(route: ServiceRoute, leaveOut: Test): ServiceRoute {
  const { destination, directResponse } = route;
  return {
    ...route,
    ...(destination ? { destination: ofChanges(destination, leaveOut) } : {}),
    ...(directResponse
      ? { directResponse: { ...directResponse, headers: ofMap(directResponse.headers, leaveOut) } }
      : {}),
  };
}

function ofChanges<Changing extends Pick<ServiceSplit, 'requestHeaders' | 'responseHeaders'>>(
  changing: Changing,
  leaveOut: Test,
): Changing {
  const { requestHeaders, responseHeaders } = changing;
  return {
    ...changing,
    ...(requestHeaders ? { requestHeaders: ofModifiers(requestHeaders, leaveOut) } : {}),
    ...(responseHeaders ? { responseHeaders: ofModifiers(responseHeaders, leaveOut) } : {}),
  };
}

function ofModifiers({ add, set, remove }: HeaderModifiers, leaveOut: Test): HeaderModifiers {
  return { add: ofMap(add, leaveOut), set: ofMap(set, leaveOut), remove };
}

function ofMap(headers: StringMap, leaveOut: Test): StringMap {
  return Object.fromEntries(Object.entries(headers).filter(([header, value]) => !leaveOut(header, value)));
}
