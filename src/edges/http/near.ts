import { sortNear } from '../../discovery/coordinates/index.js';
import { nodeKey } from '../../model/index.js';
import { agentNode } from './relayed-agent.js';
import type { ApiRequest } from './route.js';

/** Rows by their nodes' distance from the request's `?near=`, nearest first; without one, or from a node that is nowhere, as they are. */
export function sortByNear<Row>(
  request: ApiRequest,
  rows: readonly Row[],
  nodeOf: (row: Row) => string,
): readonly Row[] {
  return sortNear(request.deps.store.view, nearNode(request, request.query.get('near')), rows, nodeOf);
}

/** The node that `near` means: `_agent` is this one, `_ip` the one with the address of who asks (consul-behaviour.md 1.1, 1.13). */
export function nearNode(request: ApiRequest, near: string): string {
  if (near === '_agent') return nodeKey(agentNode(request));
  return near === '_ip' ? nodeOfCaller(request) : nodeKey(near);
}

function nodeOfCaller(request: ApiRequest): string {
  const { remoteAddress, deps } = request;
  const forwarded = request.header('x-forwarded-for').split(',')[0]?.trim() ?? '';
  const address = forwarded === '' ? remoteAddress : forwarded;
  return deps.store.view.range('nodes', 'all', []).find((node) => node.address === address)?.node ?? '';
}
