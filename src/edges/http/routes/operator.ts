import { AppError } from '../../../core/index.js';
import { usageCell } from '../../../discovery/operator/index.js';
import { badRequest, empty, json } from '../answers.js';
import { readConsistency } from '../consistency.js';
import type { HttpDeps } from '../http-deps.js';
import { raftPeers } from '../raft-peers.js';
import { readCell } from '../read.js';
import { readFacts } from '../read-facts.js';
import type { AclRequirement, ApiAnswer, ApiRequest, Route } from '../route.js';

const operator = (access: 'read' | 'write'): AclRequirement => ({ resource: 'operator', access, scope: 'any' });
/** Servers and counts (consul-behaviour.md 1.11). */
export const operatorRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: '/v1/operator/raft/configuration',
    acl: operator('read'),
    blocking: false,
    handle: readRaft,
  },
  {
    method: 'POST',
    path: '/v1/operator/raft/transfer-leader',
    acl: operator('write'),
    blocking: false,
    handle: transferLeader,
  },
  { method: 'DELETE', path: '/v1/operator/raft/peer', acl: operator('write'), blocking: false, handle: removePeer },
  { method: 'GET', path: '/v1/operator/usage', acl: operator('read'), blocking: true, handle: readUsage },
];

function readRaft(request: ApiRequest): ApiAnswer {
  readConsistency(request.query, false);
  const { deps } = request;
  return json({
    Servers: raftPeers(deps).map((server) => ({
      ID: server.id,
      Node: server.name,
      Address: server.address,
      Leader: server.leader,
      ProtocolVersion: '3',
      Voter: server.voter,
      LastIndex: server.lastIndex,
    })),
    Index: deps.store.index,
  });
}

async function transferLeader({ deps, query }: ApiRequest): Promise<ApiAnswer> {
  const id = query.get('id');
  const servers = raftPeers(deps);
  if (id !== '' && !servers.some((server) => server.id === id))
    badRequest(`Failed to find raft server with ID "${id}": operator raft list-peers shows those there are`);
  if (!deps.serverControl || servers.length < 2)
    throw new AppError('unsupported', `cannot transfer leadership: ${servers[0]?.name ?? 'this'} is ${onlyOne(deps)}`);
  await deps.serverControl.transferLeader(id);
  return json({ Success: true });
}

async function removePeer({ deps, query }: ApiRequest): Promise<ApiAnswer> {
  const [id, address] = [query.get('id'), query.get('address')];
  if (id === '' && address === '')
    badRequest("Must specify either ?id with the server's ID or ?address with IP:port of peer to remove");
  if (id !== '' && address !== '') badRequest('Must specify only one of ?id or ?address');
  const servers = raftPeers(deps);
  const found = servers.find((server) => (id === '' ? server.address === address : server.id === id));
  if (!found)
    badRequest(
      id === ''
        ? `address "${address}" was not found in the Raft configuration`
        : `id "${id}" was not found in the Raft configuration`,
    );
  if (!deps.serverControl || servers.length < 2)
    throw new AppError('unsupported', `cannot remove ${found.name}: it is ${onlyOne(deps)}`);
  await deps.serverControl.removeMember(found.id);
  return empty();
}

const onlyOne = ({ voters }: HttpDeps): string =>
  voters ? 'the only member of its etcd that is known' : 'the only server of its datacenter';

async function readUsage(request: ApiRequest): Promise<ApiAnswer> {
  const { value, headers } = await readCell(request, usageCell, '');
  const usage = {
    Services: value.services,
    ServiceInstances: value.serviceInstances,
    ConnectServiceInstances: value.connectInstances,
    BillableServiceInstances: value.billableInstances,
    Nodes: value.nodes,
  };
  return json({ Usage: { [request.config.datacenter]: usage }, ...readFacts(headers) }, headers);
}
