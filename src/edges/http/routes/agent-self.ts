import { empty, json } from '../answers.js';
import { agentStats } from '../agent-service/agent-stats.js';
import { describeMember, ownMember } from '../agent-service/describe-member.js';
import type { AclRequirement, AgentRequest, AgentRoute, ApiAnswer } from '../route.js';
import { encodeCoordinate } from './coordinate.js';

const agentAcl = (access: 'read' | 'write'): AclRequirement => ({ resource: 'agent', access, scope: 'agent' });

/** The agent as a whole (consul-behaviour.md 1.2). */
export const agentSelfRoutes: readonly AgentRoute[] = [
  { method: 'GET', path: '/v1/agent/self', acl: agentAcl('read'), blocking: false, handle: describeSelf },
  { method: 'GET', path: '/v1/agent/version', acl: 'none', blocking: false, handle: describeVersion },
  { method: 'PUT', path: '/v1/agent/reload', acl: agentAcl('write'), blocking: false, handle: reload },
  { method: 'PUT', path: '/v1/agent/leave', acl: agentAcl('write'), blocking: false, handle: leave },
];

function describeSelf({ config, deps }: AgentRequest): ApiAnswer {
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
    Coord: encodeCoordinate(deps.knowledge.coordinate()),
    Member: describeMember(ownMember(config), false),
    Stats: agentStats({ config, deps }),
    Meta: config.nodeMeta,
    xDS: {
      SupportedProxies: { envoy: config.supportedEnvoyVersions },
      Port: config.ports.grpcTls > 0 ? config.ports.grpcTls : config.ports.grpc,
      Ports: { Plaintext: config.ports.grpc, TLS: config.ports.grpcTls },
    },
  });
}

function describeVersion({ config }: AgentRequest): ApiAnswer {
  return json({ SHA: config.revision, BuildDate: config.buildDate, HumanVersion: config.version, FIPS: '' });
}

async function reload({ deps }: AgentRequest): Promise<ApiAnswer> {
  await deps.control.reload();
  return empty();
}

async function leave({ deps }: AgentRequest): Promise<ApiAnswer> {
  await deps.control.leave();
  return empty();
}
