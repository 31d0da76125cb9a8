import { json, text } from '../answers.js';
import type { AclRequirement, Route } from '../route.js';

const operator: AclRequirement = { resource: 'operator', access: 'read', scope: 'any' };
const NOTHING = { 'X-Consul-Index': '1', 'X-Consul-KnownLeader': 'true', 'X-Consul-LastContact': '0' };

/** The gateways of federated datacenters: there are none (consul-behaviour.md 1.14). */
export const federationRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: '/v1/internal/federation-states',
    acl: operator,
    blocking: false,
    handle: () => json([], NOTHING),
  },
  {
    method: 'GET',
    path: '/v1/internal/federation-states/mesh-gateways',
    acl: { resource: 'service', access: 'read', scope: 'items' },
    blocking: false,
    handle: () => json({}, NOTHING),
  },
  {
    method: 'GET',
    path: '/v1/internal/federation-state/',
    acl: operator,
    blocking: false,
    handle: ({ rest }) =>
      rest === '' ? text(400, 'Missing datacenter name') : text(404, 'Federation state not found', NOTHING),
  },
];
