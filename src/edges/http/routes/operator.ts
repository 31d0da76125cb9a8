import { AppError } from '../../../core/index.js';
import { usageCell } from '../../../discovery/operator/index.js';
import { type Field, object, text as textField } from '../../../model/wire/index.js';
import { badRequest, json } from '../answers.js';
import { readConsistency } from '../consistency.js';
import { readBodyAs } from '../json-body.js';
import { readCell } from '../read.js';
import { readFacts } from '../read-facts.js';
import type { AclRequirement, ApiAnswer, ApiRequest, HttpMethod, Route } from '../route.js';

const operator = (access: 'read' | 'write'): AclRequirement => ({ resource: 'operator', access, scope: 'any' });
const keyring = (method: HttpMethod): Route => ({
  method,
  path: '/v1/operator/keyring',
  acl: { resource: 'keyring', access: method === 'GET' ? 'read' : 'write', scope: 'any' },
  blocking: false,
  handle: method === 'GET' ? listKeys : changeKeys,
});

/** Servers, keys and counts (consul-behaviour.md 1.11). */
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
  keyring('GET'),
  keyring('PUT'),
  keyring('POST'),
  keyring('DELETE'),
  { method: 'GET', path: '/v1/operator/usage', acl: operator('read'), blocking: true, handle: readUsage },
];

function readRaft(request: ApiRequest): ApiAnswer {
  readConsistency(request.query, false);
  const { store, servers } = request.deps;
  return json({
    Servers: servers().map((server) => ({
      ID: server.id,
      Node: server.name,
      Address: server.address,
      Leader: server.leader,
      ProtocolVersion: '3',
      Voter: server.voter,
      LastIndex: server.lastIndex,
    })),
    Index: store.index,
  });
}

/** Nobody else can lead: there is no other server. */
function transferLeader({ deps, query }: ApiRequest): ApiAnswer {
  const id = query.get('id');
  const servers = deps.servers();
  if (id !== '' && !servers.some((server) => server.id === id))
    badRequest(`Failed to find raft server with ID "${id}": operator raft list-peers shows those there are`);
  throw new AppError('unsupported', 'cannot transfer leadership: this server is the only one of its datacenter');
}

function removePeer({ deps, query }: ApiRequest): ApiAnswer {
  const [id, address] = [query.get('id'), query.get('address')];
  if (id === '' && address === '')
    badRequest("Must specify either ?id with the server's ID or ?address with IP:port of peer to remove");
  if (id !== '' && address !== '') badRequest('Must specify only one of ?id or ?address');
  const found = deps.servers().find((server) => (id === '' ? server.address === address : server.id === id));
  if (!found)
    badRequest(
      id === ''
        ? `address "${address}" was not found in the Raft configuration`
        : `id "${id}" was not found in the Raft configuration`,
    );
  throw new AppError('unsupported', `cannot remove ${found.name}: it is the only server of its datacenter`);
}

const PROBLEM = 'Keyring is empty (encryption not enabled)';

/** There is no gossip between members, so there is nothing to encrypt: as where Consul's encryption is off. */
function listKeys(request: ApiRequest): ApiAnswer {
  checkRelayFactor(request);
  return badRequest(keyringErrors(request, PROBLEM));
}

const keyField: Field<{ readonly key: string }> = object<{ readonly key: string }>({ key: textField() });

async function changeKeys(request: ApiRequest): Promise<ApiAnswer> {
  checkRelayFactor(request);
  const { key } = await readBodyAs(request, keyField);
  const invalid = keyProblem(key);
  if (invalid === undefined) return badRequest(keyringErrors(request, PROBLEM));
  const { datacenter } = request.config;
  return badRequest(`2 errors occurred:\n\t* WAN error: ${invalid}\n\t* ${datacenter} (LAN) error: ${invalid}\n\n`);
}

function checkRelayFactor({ query }: ApiRequest): void {
  const given = query.get('relay-factor');
  if (given !== '' && !/^[0-5]$/.test(given)) badRequest('Error parsing relay factor: it must be a number from 0 to 5');
  const localOnly = query.get('local-only');
  if (!['', '1', 't', 'true', '0', 'f', 'false'].includes(localOnly.toLowerCase()))
    badRequest('Error parsing local-only: it must be true or false');
}

function keyProblem(key: string): string | undefined {
  if (key === '' || /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(key)) return undefined;
  const at = /[^A-Za-z0-9+/]/.exec(key)?.index ?? Math.floor(key.length / 4) * 4;
  return `illegal base64 data at input byte ${at}`;
}

function keyringErrors({ config }: ApiRequest, problem: string): string {
  const { nodeName, datacenter } = config;
  return [
    '4 errors occurred:',
    '\t* WAN error: 1/1 nodes reported failure',
    `\t* ${nodeName}.${datacenter}: ${problem}`,
    `\t* ${datacenter} (LAN) error: 1/1 nodes reported failure`,
    `\t* ${nodeName}: ${problem}\n\n`,
  ].join('\n');
}

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
