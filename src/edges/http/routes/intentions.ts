import { randomUUID } from 'node:crypto';
import {
  createLegacyIntention,
  decodeIntention,
  deleteIntention,
  deleteLegacyIntention,
  exactIntentionCell,
  type IntentionPair,
  intentionByIdCell,
  intentionCheckCell,
  intentionCheckKey,
  intentionListCell,
  intentionMatchCell,
  intentionMatchKey,
  intentionPairKey,
  parseIntentionName,
  updateLegacyIntention,
  upsertIntention,
} from '../../../discovery/intentions/index.js';
import {
  type IntentionDecision,
  type StoredIntention,
  decisionReason,
  encodeIntention,
} from '../../../mesh/intentions/index.js';
import type { Cell } from '../../../model/index.js';
import { badRequest, json, jsonOnce, text } from '../answers.js';
import { intentionFilterType } from '../filter-types.js';
import { readObject } from '../json-body.js';
import { isEmpty, readCell } from '../read.js';
import type { AclRequirement, ApiAnswer, ApiRequest, Route } from '../route.js';
import { filterRows } from '../row-filter.js';

const readAcl: AclRequirement = { resource: 'intention', access: 'read', scope: 'items' };
const pairAcl = (access: 'read' | 'write'): AclRequirement => ({ resource: 'intention', access, scope: 'query' });
const bodyAcl: AclRequirement = { resource: 'intention', access: 'write', scope: 'body' };
const PATH = '/v1/connect/intentions';

/** consul-behaviour.md 1.7; the ones with an ID are deprecated. */
export const intentionRoutes: readonly Route[] = [
  { method: 'GET', path: PATH, acl: readAcl, blocking: true, errorsHaveIndex: true, handle: list },
  { method: 'POST', path: PATH, acl: bodyAcl, blocking: false, handle: create },
  { method: 'GET', path: `${PATH}/match`, acl: pairAcl('read'), blocking: true, handle: match },
  { method: 'GET', path: `${PATH}/check`, acl: pairAcl('read'), blocking: false, handle: check },
  { method: 'GET', path: '/v1/mesh/intentions/check', acl: pairAcl('read'), blocking: true, handle: checkOfProxies },
  { method: 'GET', path: `${PATH}/exact`, acl: pairAcl('read'), blocking: true, handle: readExact },
  { method: 'PUT', path: `${PATH}/exact`, acl: pairAcl('write'), blocking: false, handle: upsert },
  { method: 'DELETE', path: `${PATH}/exact`, acl: pairAcl('write'), blocking: false, handle: removeExact },
  { method: 'GET', path: `${PATH}/`, acl: readAcl, blocking: true, handle: readById },
  { method: 'PUT', path: `${PATH}/`, acl: bodyAcl, blocking: false, handle: update },
  {
    method: 'DELETE',
    path: `${PATH}/`,
    acl: { resource: 'intention', access: 'write', scope: 'path' },
    blocking: false,
    handle: removeById,
  },
];

const BODY_PREFIX = 'Failed to decode request body';
const NOT_FOUND = 'Intention not found';

async function list(request: ApiRequest): Promise<ApiAnswer> {
  const { value, headers } = await readCell(request, intentionListCell, '', {
    usesStoreIndex: isEmpty,
  });
  return json(filterRows(request, intentionFilterType, value.map(encodeIntention)), headers);
}

/** One read for all names, so that a change of any of them wakes who waits. Key: JSON of direction and names. */
const matchCell: Cell<readonly (readonly StoredIntention[])[]> = {
  kind: 'intention-match-names',
  compute: (view, key) => {
    const [by, ...names] = JSON.parse(key) as ['source' | 'destination', ...string[]];
    return names.map((name) => view.cell(intentionMatchCell, intentionMatchKey(by, name)));
  },
};

async function match(request: ApiRequest): Promise<ApiAnswer> {
  const by = readMatchBy(request);
  const given = request.query.all('name');
  if (given.length === 0) badRequest("required query parameter 'name' not set");
  const names = given.map((name) => parseIntentionName(name).name);
  const { value, headers } = await readCell(request, matchCell, JSON.stringify([by, ...names]));
  return jsonOnce(value, JSON.stringify(given), matchesOf(given), headers);
}

/** The intentions found, by the names as they were asked for. */
const matchesOf = (given: readonly string[]) => (found: readonly (readonly StoredIntention[])[]) =>
  Object.fromEntries(given.map((name, at) => [name, (found[at] ?? []).map(encodeIntention)]));

function readMatchBy({ query }: ApiRequest): 'source' | 'destination' {
  const by = query.get('by');
  if (by === 'source' || by === 'destination') return by;
  return badRequest(
    by === '' ? "required query parameter 'by' not set" : "'by' parameter must be one of 'source' or 'destination'",
  );
}

/** As Consul's: callers that no intention is about get the ACL system's default policy, whatever the proxies do with them. */
async function check(request: ApiRequest): Promise<ApiAnswer> {
  const { defaultAclPolicy } = request.config;
  const { value } = await readCell(
    request,
    intentionCheckCell,
    intentionCheckKey(readCheck(request), defaultAclPolicy),
  );
  return json({ Allowed: value.allowed });
}

/** Our own: what the proxies do, and why. */
async function checkOfProxies(request: ApiRequest): Promise<ApiAnswer> {
  const { value, headers } = await readCell(request, intentionCheckCell, intentionCheckKey(readCheck(request)));
  return json({ Allowed: value.allowed, Reason: checkReason(value) }, headers);
}

function readCheck(request: ApiRequest): IntentionPair {
  const sourceType = request.query.get('source-type');
  if (sourceType !== '' && sourceType !== 'consul')
    badRequest(`invalid source type "${sourceType}": only "consul" is supported`);
  return readPair(request);
}

function checkReason(decision: IntentionDecision): string {
  return decision.intention ? decisionReason(decision) : 'No intention is about this caller: the default decides';
}

async function readExact(request: ApiRequest): Promise<ApiAnswer> {
  const { value, headers } = await readCell(request, exactIntentionCell, intentionPairKey(readPair(request)));
  return value === undefined ? text(404, NOT_FOUND, headers) : json(encodeIntention(value), headers);
}

async function upsert(request: ApiRequest): Promise<ApiAnswer> {
  const pair = readPair(request);
  const body = decodeIntention(await readObject(request, BODY_PREFIX));
  const { result } = await upsertIntention(request.deps.store, pair, body, request.deps.entryGuard);
  return json(result);
}

async function removeExact(request: ApiRequest): Promise<ApiAnswer> {
  const { result } = await deleteIntention(request.deps.store, readPair(request), request.deps.entryGuard);
  return json(result);
}

function readPair({ query }: ApiRequest): IntentionPair {
  const source = query.get('source');
  const destination = query.get('destination');
  if (source === '') badRequest("required query parameter 'source' not set");
  if (destination === '') badRequest("required query parameter 'destination' not set");
  return { source: parseIntentionName(source), destination: parseIntentionName(destination).name };
}

async function create(request: ApiRequest): Promise<ApiAnswer> {
  const body = decodeIntention(await readObject(request, BODY_PREFIX));
  const stamp = { id: randomUUID(), at: now(request) };
  await createLegacyIntention(request.deps.store, body, stamp, request.deps.entryGuard);
  return json({ ID: stamp.id });
}

async function readById(request: ApiRequest): Promise<ApiAnswer> {
  const { value, headers } = await readCell(request, intentionByIdCell, readId(request));
  return value === undefined ? text(404, NOT_FOUND, headers) : json(encodeIntention(value), headers);
}

async function update(request: ApiRequest): Promise<ApiAnswer> {
  const id = readId(request);
  const body = decodeIntention(await readObject(request, BODY_PREFIX));
  await updateLegacyIntention(request.deps.store, id, body, now(request), request.deps.entryGuard);
  return json({ ID: id });
}

async function removeById(request: ApiRequest): Promise<ApiAnswer> {
  const { result } = await deleteLegacyIntention(request.deps.store, readId(request), request.deps.entryGuard);
  return json(result);
}

function readId({ rest }: ApiRequest): string {
  if (!/^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(rest))
    badRequest(`failed intention lookup: Invalid UUID: "${rest}"`);
  return rest.toLowerCase();
}

function now({ deps }: ApiRequest): string {
  return new Date(deps.clock.now()).toISOString();
}
