import { nextTurn } from '../../../core/index.js';
import {
  acquireKv,
  casKv,
  checkKeyText,
  deleteKv,
  deleteKvCas,
  deleteTree,
  encodeKvEntry,
  keysBelow,
  kvEntryCell,
  kvPrefixCell,
  putKv,
  releaseKv,
} from '../../../discovery/kv/index.js';
import type { KvRecord } from '../../../model/index.js';
import { badRequest, empty, json, jsonOnce } from '../answers.js';
import { isEmpty, readCell, readThen } from '../read.js';
import type { ApiAnswer, ApiRequest, Route } from '../route.js';
import { parseUnsigned } from '../unsigned.js';

/** consul-behaviour.md 1.5. */
export const kvRoutes: readonly Route[] = [
  {
    method: 'GET',
    path: '/v1/kv/',
    acl: { resource: 'key', access: 'read', scope: 'path' },
    blocking: true,
    handle: read,
  },
  {
    method: 'PUT',
    path: '/v1/kv/',
    acl: { resource: 'key', access: 'write', scope: 'path' },
    blocking: false,
    handle: write,
  },
  {
    method: 'DELETE',
    path: '/v1/kv/',
    acl: { resource: 'key', access: 'write', scope: 'path' },
    blocking: false,
    handle: remove,
  },
];

function read(request: ApiRequest): Promise<ApiAnswer> | ApiAnswer {
  if (request.query.has('keys')) return listKeys(request);
  return request.query.has('recurse') ? listEntries(request) : readEntry(request);
}

function readEntry(request: ApiRequest): Promise<ApiAnswer> | ApiAnswer {
  return readThen(request, kvEntryCell, keyOf(request), OR_STORE_INDEX, ({ value, headers }) => {
    if (value === undefined) return empty(404, headers);
    return request.query.has('raw') ? rawAnswer(value, headers) : jsonOnce(value, 'entry', encodeEntry, headers);
  });
}

const OR_STORE_INDEX = { usesStoreIndex: (entry: KvRecord | undefined): boolean => entry === undefined };
const encodeEntry = (entry: KvRecord): unknown => [encodeKvEntry(entry)];

/** The bytes alone, marked so that no browser runs them. */
function rawAnswer(entry: KvRecord, headers: Readonly<Record<string, string>>): ApiAnswer {
  return {
    bytes: Buffer.from(entry.value, 'base64'),
    headers: {
      ...headers,
      'Content-Type': 'text/plain',
      'X-Content-Type-Options': 'nosniff',
      'Content-Security-Policy': 'sandbox',
    },
  };
}

async function listEntries(request: ApiRequest): Promise<ApiAnswer> {
  const { value, headers } = await readPrefix(request);
  return value.length === 0 ? empty(404, headers) : json(value.map(encodeKvEntry), headers);
}

async function listKeys(request: ApiRequest): Promise<ApiAnswer> {
  const { value, headers } = await readPrefix(request);
  if (value.length === 0) return request.rest === '' ? json([], headers) : empty(404, headers);
  const separator = request.query.get('separator') || request.query.get('seperator');
  const keys = value.map(({ key }) => key);
  return json(keysBelow(keys, request.rest, separator), headers);
}

function readPrefix(request: ApiRequest): ReturnType<typeof readCell<readonly KvRecord[]>> {
  return readCell(request, kvPrefixCell, request.rest, { usesStoreIndex: isEmpty });
}

async function write(request: ApiRequest): Promise<ApiAnswer> {
  const key = keyOf(request);
  refuseConflicts(request, ['cas', 'acquire', 'release']);
  const { query, config } = request;
  const flags = (query.has('flags') ? parseUnsigned(query.get('flags')) : 0n).toString();
  const cas = query.has('cas') ? parseUnsigned(query.get('cas')) : undefined;
  const limit = config.kvMaxValueSize;
  const value = await request.body(
    limit,
    `Request body(value) too large, max size: ${limit} bytes. See the agent option limits.kv_max_value_size.`,
  );
  const entry = { key, value, flags };
  const { result } = await request.deps.store.transact('kv-put', (transaction) => {
    if (query.has('acquire')) return acquireKv(transaction, entry, query.get('acquire'));
    if (query.has('release')) return releaseKv(transaction, entry, query.get('release'));
    if (cas !== undefined) return casKv(transaction, entry, cas);
    putKv(transaction, entry);
    return true;
  });
  return json(result);
}

async function remove(request: ApiRequest): Promise<ApiAnswer> {
  refuseConflicts(request, ['recurse', 'cas']);
  const { query, rest } = request;
  const cas = query.has('cas') ? parseUnsigned(query.get('cas')) : undefined;
  if (query.has('recurse')) {
    await deleteTree(request.deps.store, rest, nextTurn);
    return json(true);
  }
  const key = keyOf(request);
  const { result } = await request.deps.store.transact('kv-delete', (transaction) => {
    if (cas !== undefined) return deleteKvCas(transaction, key, cas);
    deleteKv(transaction, key);
    return true;
  });
  return json(result);
}

function keyOf({ rest }: ApiRequest): string {
  checkKeyText(rest);
  return rest;
}

function refuseConflicts(request: ApiRequest, exclusive: readonly string[]): void {
  if (exclusive.filter((name) => request.query.has(name)).length > 1)
    badRequest(`Conflicting flags: ${request.query.encoded()}\n`);
}
