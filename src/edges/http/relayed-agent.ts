import type { ApiRequest } from './route.js';

const HEADER = 'x-meshwright-agent-node';

/** The header by which a client agent says of which node it is that relays a request. */
export const agentNodeHeader = (node: string): Readonly<Record<string, string>> => ({
  [HEADER]: encodeURIComponent(node),
});

/** The node of the agent that was asked: the one that relayed the request, else this one. */
export function agentNode(request: Pick<ApiRequest, 'header' | 'config'>): string {
  try {
    return decodeURIComponent(request.header(HEADER)) || request.config.nodeName;
  } catch {
    return request.config.nodeName;
  }
}
