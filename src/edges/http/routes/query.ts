import { randomInt, randomUUID } from 'node:crypto';
import { AppError } from '../../../core/index.js';
import { encodeInstanceHealth } from '../../../discovery/catalog/index.js';
import { distancesFrom } from '../../../discovery/coordinates/index.js';
import {
  arrangeInstances,
  createQuery,
  deleteQuery,
  preparedQueriesCell,
  preparedQueryCell,
  updateQuery,
} from '../../../discovery/queries/index.js';
import { type QueriedInstance, type QueryAnswer, queryAnswerCell, queryKey } from '../../../mesh/queries/index.js';
import { queryDefinitionField, queryRecordField } from '../../../model/queries/index.js';
import { encode } from '../../../model/wire/index.js';
import { badRequest, empty, json, text } from '../answers.js';
import { readBodyAs } from '../json-body.js';
import { nearNode } from '../near.js';
import { readCell } from '../read.js';
import { readFacts } from '../read-facts.js';
import { readFlag } from '../read-flag.js';
import type { AclRequirement, ApiAnswer, ApiRequest, Route } from '../route.js';

const acl = (access: 'read' | 'write', scope: 'items' | 'path' | 'body'): AclRequirement => ({
  resource: 'query',
  access,
  scope,
});

/** consul-behaviour.md 1.13. */
export const queryRoutes: readonly Route[] = [
  { method: 'GET', path: '/v1/query', acl: acl('read', 'items'), blocking: true, handle: list },
  { method: 'POST', path: '/v1/query', acl: acl('write', 'body'), blocking: false, handle: create },
  {
    method: 'GET',
    path: '/v1/query/',
    acl: acl('read', 'items'),
    blocking: true,
    errorsHaveIndex: true,
    allowed: (rest) => (/\/(?:execute|explain)$/.test(rest) ? 'GET' : 'GET,PUT,DELETE'),
    handle: (request) => {
      const { idOrName, verb } = wanted(request);
      if (verb === 'execute') return execute(request, idOrName);
      return verb === 'explain' ? explain(request, idOrName) : read(request);
    },
  },
  { method: 'PUT', path: '/v1/query/', acl: acl('write', 'path'), blocking: false, handle: update },
  { method: 'DELETE', path: '/v1/query/', acl: acl('write', 'path'), blocking: false, handle: remove },
];

const NOT_FOUND = 'Query not found';
const UUID = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;
const MAX_LIMIT = 2 ** 31 - 1;

/** `<id or name>/execute` and `<id or name>/explain`; anything else is an id. */
function wanted({ rest }: ApiRequest): { readonly idOrName: string; readonly verb: 'execute' | 'explain' | '' } {
  for (const verb of ['execute', 'explain'] as const)
    if (rest.endsWith(`/${verb}`)) return { idOrName: rest.slice(0, -verb.length - 1), verb };
  return { idOrName: rest, verb: '' };
}

async function list(request: ApiRequest): Promise<ApiAnswer> {
  const { value, headers } = await readCell(request, preparedQueriesCell, '');
  return json(
    value.map((query) => encode(queryRecordField, query)),
    headers,
  );
}

async function create(request: ApiRequest): Promise<ApiAnswer> {
  const id = randomUUID();
  await createQuery(request.deps.store, await readBodyAs(request, queryDefinitionField), id);
  return json({ ID: id });
}

async function read(request: ApiRequest): Promise<ApiAnswer> {
  const { value, headers } = await readCell(request, preparedQueryCell, idOf(request, 'failed prepared query lookup'));
  if (value === undefined) throw new AppError('notFound', NOT_FOUND);
  return json([encode(queryRecordField, value)], headers);
}

async function update(request: ApiRequest): Promise<ApiAnswer> {
  if (wanted(request).verb !== '') return onlyRead(request);
  const id = idOf(request, 'Prepared Query lookup failed');
  await updateQuery(request.deps.store, await readBodyAs(request, queryDefinitionField), id);
  return empty();
}

async function remove(request: ApiRequest): Promise<ApiAnswer> {
  if (wanted(request).verb !== '') return onlyRead(request);
  await deleteQuery(request.deps.store, idOf(request, 'Prepared Query lookup failed'));
  return empty();
}

const onlyRead = ({ method }: ApiRequest): ApiAnswer => text(405, `method ${method} not allowed`, { Allow: 'GET' });

function idOf({ rest }: ApiRequest, prefix: string): string {
  if (rest.length !== 36) badRequest(`${prefix}: index error: UUID must be 36 characters, not "${rest}"`);
  if (!UUID.test(rest)) badRequest(`${prefix}: index error: "${rest}" is not a UUID`);
  return rest.toLowerCase();
}

/** What a query finds now. Consul's answer carries what else it knows about the read; clients expect the fields. */
async function execute(request: ApiRequest, idOrName: string): Promise<ApiAnswer> {
  const limit = readLimit(request);
  const { found, headers } = await answerTo(request, idOrName, readFlag(request.query, 'connect'));
  const { query, service, instances, datacenter, peer, failovers } = found;
  const near = nearNode(request, request.query.get('near') || service.near);
  const nodes = arrangeInstances(instances, {
    near,
    distance: distancesFrom(request.deps.store.view, near),
    limit,
    random: () => randomInt(2 ** 47) / 2 ** 47,
  });
  return json(
    {
      Service: service.service,
      Nodes: nodes.map(encodeRow),
      DNS: { TTL: query.dns.ttl },
      Datacenter: datacenter,
      PeerName: peer,
      Failovers: failovers,
      ...readFacts(headers),
    },
    headers,
  );
}

/** As the health endpoints show it, but for lists without anything in them. */
function encodeRow(instance: QueriedInstance): Record<string, unknown> {
  const row = encodeInstanceHealth(instance);
  const { service, checks } = instance;
  return {
    ...row,
    Service: { ...(row['Service'] as object), ...(service.tags.length === 0 ? { Tags: null } : {}) },
    ...(checks.length === 0 ? { Checks: null } : {}),
  };
}

/** The query as it would be carried out, a template filled in. */
async function explain(request: ApiRequest, idOrName: string): Promise<ApiAnswer> {
  const { found, headers } = await answerTo(request, idOrName, false);
  const { query, service } = found;
  return json({ Query: encode(queryRecordField, { ...query, service }), ...readFacts(headers) }, headers);
}

interface Answered {
  readonly found: QueryAnswer & { readonly type: 'found' };
  readonly headers: Readonly<Record<string, string>>;
}

/** Carries a query out. It does not wait for changes: its index is always 1, as in Consul. */
async function answerTo(request: ApiRequest, idOrName: string, connect: boolean): Promise<Answered> {
  const key = queryKey({ query: idOrName, datacenter: request.config.datacenter, connect });
  const { value, headers: ofRead } = await readCell(request, queryAnswerCell, key, { blocking: false });
  const headers = { ...ofRead, 'X-Consul-Index': '1' };
  if (value.type === 'none') throw new AppError('notFound', NOT_FOUND);
  if (value.type === 'unusable') throw new AppError('invalidArgument', value.problem);
  return { found: value, headers };
}

function readLimit({ query }: ApiRequest): number {
  const given = query.get('limit');
  if (given === '') return 0;
  const limit = Number(given);
  if (!/^-?\d+$/.test(given) || Math.abs(limit) > MAX_LIMIT) badRequest(`Bad limit: "${given}" is not a whole number`);
  return limit;
}
