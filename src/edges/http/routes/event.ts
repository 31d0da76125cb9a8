import { encodeEvent } from '../../../discovery/events/index.js';
import { badRequest, json } from '../answers.js';
import { readBlocking } from '../blocking.js';
import type { ApiAnswer, ApiRequest, Route } from '../route.js';

/** consul-behaviour.md 1.5. */
export const eventRoutes: readonly Route[] = [
  {
    method: 'PUT',
    path: '/v1/event/fire/',
    acl: { resource: 'event', access: 'write', scope: 'path' },
    blocking: false,
    handle: fire,
  },
  {
    method: 'GET',
    path: '/v1/event/list',
    acl: { resource: 'event', access: 'read', scope: 'items' },
    blocking: true,
    handle: list,
  },
];

/** Far above what an event may have: its own limit says what is wrong. */
const MAX_BODY_BYTES = 64 * 1024;

async function fire(request: ApiRequest): Promise<ApiAnswer> {
  const { query, rest: name, deps } = request;
  if (name === '') badRequest('Missing name');
  const event = deps.events.fire({
    name,
    payload: await request.body(MAX_BODY_BYTES),
    nodeFilter: query.get('node'),
    serviceFilter: query.get('service'),
    tagFilter: query.get('tag'),
  });
  return json(encodeEvent(event));
}

/** Waits while the list stands at the index that is given: events have no order that an index could follow. */
async function list({ query, config, deps, signal }: ApiRequest): Promise<ApiAnswer> {
  const name = query.get('name');
  const { index, waitMs } = readBlocking(query, config);
  if (index > 0) await deps.events.changed(name, BigInt(query.get('index')), waitMs, signal);
  const listed = deps.events.list(name);
  return json(listed.events.map(encodeEvent), { 'X-Consul-Index': listed.index.toString() });
}
