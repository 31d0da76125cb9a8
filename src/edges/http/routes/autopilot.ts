import {
  type AutopilotSettings,
  type JudgedServer,
  DEFAULT_AUTOPILOT,
  autopilotCell,
  judgeServers,
  writeAutopilot,
} from '../../../discovery/operator/index.js';
import { formatDurationMs } from '../../../core/duration.js';
import { type Field, duration, flag, integer, object, optional, text } from '../../../model/wire/index.js';
import { json } from '../answers.js';
import { readBodyAs } from '../json-body.js';
import { raftPeers } from '../raft-peers.js';
import { readCell } from '../read.js';
import type { AclRequirement, ApiAnswer, ApiRequest, Route } from '../route.js';
import { parseUnsigned } from '../unsigned.js';

const operator = (access: 'read' | 'write'): AclRequirement => ({ resource: 'operator', access, scope: 'any' });

/** How servers are looked after (consul-behaviour.md 1.11, 11.1). */
export const autopilotRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: '/v1/operator/autopilot/configuration',
    acl: operator('read'),
    blocking: false,
    handle: readConfiguration,
  },
  {
    method: 'PUT',
    path: '/v1/operator/autopilot/configuration',
    acl: operator('write'),
    blocking: false,
    handle: writeConfiguration,
  },
  { method: 'GET', path: '/v1/operator/autopilot/health', acl: operator('read'), blocking: false, handle: readHealth },
  { method: 'GET', path: '/v1/operator/autopilot/state', acl: operator('read'), blocking: false, handle: readState },
];

type Given = { readonly [Name in keyof AutopilotSettings]?: AutopilotSettings[Name] };

const settingsField: Field<Given> = object<Given>(
  {
    cleanupDeadServers: optional(flag()),
    lastContactThresholdMs: optional(duration()),
    maxTrailingLogs: optional(integer()),
    minQuorum: optional(integer()),
    serverStabilizationTimeMs: optional(duration()),
    redundancyZoneTag: optional(text()),
    disableUpgradeMigration: optional(flag()),
    upgradeVersionTag: optional(text()),
  },
  { ignored: ['CreateIndex', 'ModifyIndex'] },
);

async function readConfiguration(request: ApiRequest): Promise<ApiAnswer> {
  const { value } = await readCell(request, autopilotCell, '');
  return json({
    CleanupDeadServers: value.cleanupDeadServers,
    LastContactThreshold: formatDurationMs(value.lastContactThresholdMs),
    MaxTrailingLogs: value.maxTrailingLogs,
    MinQuorum: value.minQuorum,
    ServerStabilizationTime: formatDurationMs(value.serverStabilizationTimeMs),
    RedundancyZoneTag: value.redundancyZoneTag,
    DisableUpgradeMigration: value.disableUpgradeMigration,
    UpgradeVersionTag: value.upgradeVersionTag,
    CreateIndex: value.createIndex,
    ModifyIndex: value.modifyIndex,
  });
}

async function writeConfiguration(request: ApiRequest): Promise<ApiAnswer> {
  const given = await readBodyAs(request, settingsField, { prefix: 'Error parsing autopilot config' });
  const cas = request.query.has('cas') ? parseUnsigned(request.query.get('cas')) : undefined;
  const { result } = await writeAutopilot(request.deps.store, { ...DEFAULT_AUTOPILOT, ...given }, cas);
  return json(result);
}

/** 429 when a server is unhealthy, so that a load balancer or an upgrade script needs no JSON. */
async function readHealth(request: ApiRequest): Promise<ApiAnswer> {
  const { healthy, failureTolerance, servers } = await judge(request);
  const body = { Healthy: healthy, FailureTolerance: failureTolerance, Servers: servers.map(encodeHealth) };
  return { ...json(body), status: healthy ? 200 : 429 };
}

async function readState(request: ApiRequest): Promise<ApiAnswer> {
  const { healthy, failureTolerance, servers } = await judge(request);
  return json({
    Healthy: healthy,
    FailureTolerance: failureTolerance,
    OptimisticFailureTolerance: failureTolerance,
    Leader: servers.find(({ leader }) => leader)?.id ?? '',
    Voters: servers.filter(({ voter }) => voter).map(({ id }) => id),
    Servers: Object.fromEntries(servers.map((server) => [server.id, encodeState(server)])),
  });
}

async function judge(request: ApiRequest) {
  const { value } = await readCell(request, autopilotCell, '');
  return judgeServers(raftPeers(request.deps), value);
}

const common = (server: JudgedServer) => ({
  ID: server.id,
  Name: server.name,
  Address: server.address,
  Version: server.version,
  LastContact: formatDurationMs(server.lastContactMs),
  LastTerm: server.lastTerm,
  LastIndex: server.lastIndex,
  Healthy: server.healthy,
  StableSince: new Date(server.stableSinceMs).toISOString(),
});

const encodeHealth = (server: JudgedServer): object => ({
  ...common(server),
  SerfStatus: server.status,
  Leader: server.leader,
  Voter: server.voter,
});

const encodeState = (server: JudgedServer): object => ({
  ...common(server),
  NodeStatus: server.status,
  Status: server.leader ? 'leader' : server.voter ? 'voter' : 'non-voter',
  Meta: server.meta,
  NodeType: server.voter ? 'voter' : 'non-voter',
});
