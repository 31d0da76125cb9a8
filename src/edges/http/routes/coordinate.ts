import { empty, json } from '../answers.js';
import type { ApiAnswer, ApiRequest, Route } from '../route.js';

/** Where a node that has measured nothing believes to be (consul-behaviour.md 1.9): seconds in eight dimensions. */
export const ORIGIN = { Vec: [0, 0, 0, 0, 0, 0, 0, 0], Error: 1.5, Adjustment: 0, Height: 0.00001 };

/** Network coordinates: this server is the only member, and it is at the origin. */
export const coordinateRoutes: readonly Route[] = [
  { method: 'GET', path: '/v1/coordinate/datacenters', acl: 'none', blocking: false, handle: listDatacenters },
  {
    method: 'GET',
    path: '/v1/coordinate/nodes',
    acl: { resource: 'node', access: 'read', scope: 'items' },
    blocking: false,
    handle: (request) => json([own(request)]),
  },
  {
    method: 'GET',
    path: '/v1/coordinate/node/',
    acl: { resource: 'node', access: 'read', scope: 'path' },
    blocking: false,
    handle: readNode,
  },
];

function listDatacenters(request: ApiRequest): ApiAnswer {
  return json([{ Datacenter: request.config.datacenter, AreaID: 'wan', Coordinates: [own(request)] }]);
}

function readNode(request: ApiRequest): ApiAnswer {
  const isOwn = request.rest.toLowerCase() === request.config.nodeName.toLowerCase();
  return isOwn && request.query.get('segment') === '' ? json([own(request)]) : empty(404);
}

function own({ config }: ApiRequest): object {
  return { Node: config.nodeName, Segment: '', Coord: ORIGIN };
}
