import { arch, cpus, platform } from 'node:os';
import { AppError } from '../../../core/index.js';
import { badRequest, empty, json } from '../answers.js';
import { describeMember } from '../agent-service/describe-member.js';
import { memberFilterType } from '../filter-types.js';
import type { AclRequirement, ApiAnswer, ApiRequest, Route } from '../route.js';
import { filterRows } from '../row-filter.js';
import { coordinateOf, encodeCoordinate } from './coordinate.js';

const agentAcl = (access: 'read' | 'write'): AclRequirement => ({ resource: 'agent', access, scope: 'agent' });
const operatorAcl = (access: 'read' | 'write'): AclRequirement => ({ resource: 'operator', access, scope: 'any' });

/** The agent as a whole (consul-behaviour.md 1.2). */
export const agentSelfRoutes: readonly Route[] = [
  { method: 'GET', path: '/v1/agent/self', acl: agentAcl('read'), blocking: false, handle: describeSelf },
  { method: 'GET', path: '/v1/agent/version', acl: 'none', blocking: false, handle: describeVersion },
  {
    method: 'GET',
    path: '/v1/agent/members',
    acl: { resource: 'node', access: 'read', scope: 'items' },
    blocking: false,
    handle: listMembers,
  },
  { method: 'PUT', path: '/v1/agent/reload', acl: agentAcl('write'), blocking: false, handle: reload },
  { method: 'PUT', path: '/v1/agent/leave', acl: agentAcl('write'), blocking: false, handle: leave },
  { method: 'PUT', path: '/v1/agent/join/', acl: agentAcl('write'), blocking: false, handle: join },
  { method: 'PUT', path: '/v1/agent/force-leave/', acl: operatorAcl('write'), blocking: false, handle: forceLeave },
];

function describeSelf({ config, deps }: ApiRequest): ApiAnswer {
  return json({
    Config: {
      Datacenter: config.datacenter,
      PrimaryDatacenter: config.primaryDatacenter,
      NodeName: config.nodeName,
      NodeID: config.nodeId,
      Revision: config.revision,
      Server: config.server,
      Version: config.version,
      BuildDate: config.buildDate,
    },
    DebugConfig: config.debugConfig,
    Coord: encodeCoordinate(coordinateOf({ deps }, config.nodeName)),
    Member: describeMember(config, false),
    Stats: {
      agent: {
        check_monitors: String([...deps.agent.checks.values()].filter(({ type }) => type !== 'ttl').length),
        check_ttls: String([...deps.agent.checks.values()].filter(({ type }) => type === 'ttl').length),
        checks: String(deps.agent.checks.size),
        services: String(deps.agent.services.size),
      },
      build: { prerelease: '', revision: config.revision, version: config.version, version_metadata: '' },
      consul: {
        acl: config.aclEnabled ? 'enabled' : 'disabled',
        bootstrap: 'false',
        known_datacenters: '1',
        leader: 'true',
        leader_addr: `${config.advertiseAddress}:${config.ports.server}`,
        server: String(config.server),
      },
      runtime: { arch: arch(), cpu_count: String(cpus().length), os: platform(), version: `node ${process.version}` },
    },
    Meta: config.nodeMeta,
    xDS: {
      SupportedProxies: { envoy: config.supportedEnvoyVersions },
      Port: config.ports.grpcTls > 0 ? config.ports.grpcTls : config.ports.grpc,
      Ports: { Plaintext: config.ports.grpc, TLS: config.ports.grpcTls },
    },
  });
}

function describeVersion({ config }: ApiRequest): ApiAnswer {
  return json({ SHA: config.revision, BuildDate: config.buildDate, HumanVersion: config.version, FIPS: '' });
}

function listMembers(request: ApiRequest): ApiAnswer {
  const wan = request.query.has('wan');
  const segment = request.query.get('segment');
  if (wan && segment !== '' && segment !== '_all') badRequest('Cannot provide a segment with wan=true');
  if (segment !== '' && segment !== '_all') badRequest('Network segments are not supported in this version of Consul');
  return json(filterRows(request, memberFilterType, [describeMember(request.config, wan)]));
}

async function reload({ deps }: ApiRequest): Promise<ApiAnswer> {
  await deps.control.reload();
  return empty();
}

async function leave({ deps }: ApiRequest): Promise<ApiAnswer> {
  await deps.control.leave();
  return empty();
}

function join({ rest }: ApiRequest): ApiAnswer {
  throw new AppError('unsupported', `cannot join ${rest}: this version runs as a single server without other members`);
}

/** The only member is this agent, and it is not gone. */
function forceLeave({ rest, config }: ApiRequest): ApiAnswer {
  if (rest.toLowerCase() === config.nodeName.toLowerCase())
    badRequest(`node "${rest}" is this agent and alive; use /v1/agent/leave`);
  return badRequest(`agent: No node found with name '${rest}'`);
}
