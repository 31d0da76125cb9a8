import { json } from '../answers.js';
import type { ApiAnswer, ApiRequest, Route } from '../route.js';

/** consul-behaviour.md 1.11: servers by the addresses that Consul's raft would use. */
export const statusRoutes: readonly Route[] = [
  { method: 'GET', path: '/v1/status/leader', acl: 'none', blocking: false, handle: readLeader },
  { method: 'GET', path: '/v1/status/peers', acl: 'none', blocking: false, handle: listPeers },
];

/** Empty while nobody leads. */
function readLeader({ deps }: ApiRequest): ApiAnswer {
  return json(deps.servers().find(({ leader }) => leader)?.address ?? '');
}

function listPeers({ deps }: ApiRequest): ApiAnswer {
  return json(
    deps
      .servers()
      .filter(({ voter }) => voter)
      .map(({ address }) => address),
  );
}
