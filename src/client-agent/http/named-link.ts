import type { ServerLink } from '../../cluster/index.js';
import { agentNodeHeader } from '../../edges/http/index.js';

type Requests = Pick<ServerLink, 'request' | 'state$'>;

/** A link whose requests say which node's agent sends them, whatever a client has said: `near=_agent` means that node. */
export function namedLink(link: Requests, node: string): Requests {
  const own = agentNodeHeader(node);
  return {
    state$: link.state$,
    request: (request) => link.request({ ...request, headers: { ...request.headers, ...own } }),
  };
}
