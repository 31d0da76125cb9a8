import { json } from '../answers.js';
import type { ApiAnswer, ApiRequest, Route } from '../route.js';

/** consul-behaviour.md 1.11: the server is its own leader and only peer, at the address Consul's raft would use. */
export const statusRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: '/v1/status/leader',
    acl: 'none',
    blocking: false,
    handle: (request) => json(ownAddress(request)),
  },
  { method: 'GET', path: '/v1/status/peers', acl: 'none', blocking: false, handle: listPeers },
];

function listPeers(request: ApiRequest): ApiAnswer {
  return json([ownAddress(request)]);
}

function ownAddress({ config }: ApiRequest): string {
  const host = config.advertiseAddress.includes(':') ? `[${config.advertiseAddress}]` : config.advertiseAddress;
  return `${host}:${config.ports.server}`;
}
