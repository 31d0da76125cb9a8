import {
  configEntryListKey,
  configEntryNotFound,
  deleteConfigEntry,
  encodeShownEntry,
  shownEntryCell,
  shownEntryListCell,
  writeConfigEntry,
} from '../../../discovery/config/index.js';
import {
  BOUND_API_GATEWAY,
  configEntryKey,
  decodeConfigEntry,
  isEmptyConfigEntryKind,
  knownConfigEntryKind,
} from '../../../model/index.js';
import { badRequest, json, text } from '../answers.js';
import { serviceDefaultsFilterType } from '../filter-types.js';
import { readJsonAs } from '../json-body.js';
import { readCell } from '../read.js';
import type { ApiAnswer, ApiRequest, Route } from '../route.js';
import { filterRows } from '../row-filter.js';
import { parseUnsigned } from '../unsigned.js';

/** consul-behaviour.md 1.6. What a kind requires beyond this is the entry's own knowledge (model/config-entries). */
export const configRoutes: readonly Route[] = [
  {
    method: 'PUT',
    path: '/v1/config',
    acl: { resource: 'config', access: 'write', scope: 'body' },
    blocking: false,
    handle: write,
  },
  {
    method: 'GET',
    path: '/v1/config/',
    acl: { resource: 'config', access: 'read', scope: 'items' },
    blocking: true,
    handle: read,
  },
  {
    method: 'DELETE',
    path: '/v1/config/',
    acl: { resource: 'config', access: 'write', scope: 'path' },
    blocking: false,
    handle: remove,
  },
];

async function write(request: ApiRequest): Promise<ApiAnswer> {
  const condition = readCas(request);
  const entry = await readJsonAs(request, decodeConfigEntry, 'Request decoding failed');
  const { result } = await writeConfigEntry(request.deps.store, entry, condition, request.deps.entryGuard);
  return json(result);
}

function read(request: ApiRequest): Promise<ApiAnswer> {
  const [kind, name] = splitPath(request.rest);
  return name === undefined || name === '' ? list(request, kind) : readOne(request, kind, name);
}

async function list(request: ApiRequest, kind: string): Promise<ApiAnswer> {
  if (kind !== '') checkReadable(kind);
  const filtered = request.query.get('filter') !== '';
  if (filtered && kind !== 'service-defaults') badRequest(`filtering not supported for config entry kind=${kind}`);
  const key = configEntryListKey(kind === '' ? undefined : kind);
  const { value, headers } = await readCell(request, shownEntryListCell, key);
  const rows = value.map(encodeShownEntry);
  return json(filtered ? filterRows(request, serviceDefaultsFilterType, rows) : rows, headers);
}

async function readOne(request: ApiRequest, kind: string, name: string): Promise<ApiAnswer> {
  checkReadable(kind);
  const { value, headers } = await readCell(request, shownEntryCell, configEntryKey(kind, name));
  if (value === undefined) return text(404, configEntryNotFound(kind, name), headers);
  return json(encodeShownEntry(value), headers);
}

async function remove(request: ApiRequest): Promise<ApiAnswer> {
  const [kind, name] = splitPath(request.rest);
  if (kind === '' || name === undefined) return text(404, 'Must provide both a kind and name to delete');
  const condition = readCas(request);
  const answer = (done: boolean): ApiAnswer => json(condition.cas === undefined ? {} : done);
  // What can never be there is deleted already.
  if (isEmptyConfigEntryKind(kind)) return answer(true);
  const { store, entryGuard } = request.deps;
  const { result } = await deleteConfigEntry(store, knownConfigEntryKind(kind), name, condition, entryGuard);
  return answer(result);
}

/** Kinds that can be asked for: those that can be stored, what the server makes, and what is never there. */
function checkReadable(kind: string): void {
  if (kind !== BOUND_API_GATEWAY && !isEmptyConfigEntryKind(kind)) knownConfigEntryKind(kind);
}

function splitPath(rest: string): readonly [kind: string, name: string | undefined] {
  const slash = rest.indexOf('/');
  return slash < 0 ? [rest, undefined] : [rest.slice(0, slash), rest.slice(slash + 1)];
}

function readCas({ query }: ApiRequest): { readonly cas?: number } {
  return query.has('cas') ? { cas: Number(parseUnsigned(query.get('cas'))) } : {};
}
