import { AppError } from '../../../core/index.js';
import { describeMember, ownMember } from '../agent-service/describe-member.js';
import { badRequest, empty, json } from '../answers.js';
import { memberFilterType } from '../filter-types.js';
import type { ApiAnswer, ApiRequest, Route } from '../route.js';
import { filterRows } from '../row-filter.js';

/** Who belongs to the datacenter (consul-behaviour.md 1.2). */
export const agentMemberRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: '/v1/agent/members',
    acl: { resource: 'node', access: 'read', scope: 'items' },
    blocking: false,
    handle: listMembers,
  },
  {
    method: 'PUT',
    path: '/v1/agent/join/',
    acl: { resource: 'agent', access: 'write', scope: 'agent' },
    blocking: false,
    handle: join,
  },
  {
    method: 'PUT',
    path: '/v1/agent/force-leave/',
    acl: { resource: 'operator', access: 'write', scope: 'any' },
    blocking: false,
    handle: forceLeave,
  },
];

function listMembers(request: ApiRequest): ApiAnswer {
  const wan = request.query.has('wan');
  const segment = request.query.get('segment');
  if (wan && segment !== '' && segment !== '_all') badRequest('Cannot provide a segment with wan=true');
  if (segment !== '' && segment !== '_all') badRequest('Network segments are not supported in this version of Consul');
  const members = request.deps.members?.list() ?? [ownMember(request.config)];
  const rows = members
    .filter(({ tags, status }) => !wan || (tags['role'] === 'consul' && status !== 'left'))
    .map((member) => describeMember(member, wan));
  return json(filterRows(request, memberFilterType, rows));
}

async function join({ rest, query, deps: { members } }: ApiRequest): Promise<ApiAnswer> {
  if (query.has('wan'))
    throw new AppError('unsupported', `cannot join ${rest}: there is one datacenter in this version`);
  if (members === undefined)
    throw new AppError('unsupported', `cannot join ${rest}: this server has no cluster key (-encrypt) and is alone`);
  await members.join(rest);
  return empty();
}

async function forceLeave({ rest, query, config, deps: { members } }: ApiRequest): Promise<ApiAnswer> {
  if (members !== undefined) {
    await members.forceLeave(rest, { prune: query.has('prune') });
    return empty();
  }
  if (rest.toLowerCase() === config.nodeName.toLowerCase())
    badRequest(`node "${rest}" is this agent and alive; use /v1/agent/leave`);
  return badRequest(`agent: No node found with name '${rest}'`);
}
