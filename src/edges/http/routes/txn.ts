import { AppError } from '../../../core/index.js';
import {
  MAX_OPERATIONS,
  type Operation,
  decodeOperations,
  encodeResult,
  isRead,
  runTransaction,
} from '../../../discovery/transactions/index.js';
import { type Consistency, readConsistency } from '../consistency.js';
import { parseExactBody } from '../json-body.js';
import { readFacts } from '../read-facts.js';
import type { ApiAnswer, ApiRequest, Route } from '../route.js';

/** consul-behaviour.md 1.5. */
export const txnRoutes: readonly Route[] = [
  {
    method: 'PUT',
    path: '/v1/txn',
    acl: { resource: 'key', access: 'write', scope: 'body' },
    blocking: false,
    handle: commit,
  },
];

const PREFIX = 'Failed to parse body';

async function commit(request: ApiRequest): Promise<ApiAnswer> {
  const { config, deps } = request;
  const operations = decodeOperations(parseExactBody(await bodyOf(request), PREFIX), config.datacenter);
  checkSizes(operations, config.kvMaxValueSize);
  const consistency = operations.every(isRead) ? readConsistency(request.query, false) : undefined;
  if (consistency !== undefined && consistency.mode !== 'stale') await deps.store.barrier();
  const outcome = await runTransaction(deps.store, operations);
  if (!outcome.ok) {
    const Errors = outcome.failures.map(({ opIndex, what }) => ({ OpIndex: opIndex, What: what }));
    return { status: 409, json: { Results: null, Errors } };
  }
  const answer = { Results: outcome.results.map(encodeResult), Errors: null };
  return consistency === undefined ? { json: answer } : readAnswer(answer, consistency);
}

/** A transaction that only read tells how, as Consul's does. */
function readAnswer(answer: object, { mode }: Consistency): ApiAnswer {
  return {
    headers: { 'X-Consul-KnownLeader': 'true', 'X-Consul-LastContact': '0' },
    json: { ...answer, ...readFacts({}), ConsistencyLevel: mode === 'leader' ? '' : mode },
  };
}

function bodyOf(request: ApiRequest): Promise<Buffer> {
  const { txnMaxReqLen, kvMaxValueSize } = request.config;
  const limit = Math.max(txnMaxReqLen, kvMaxValueSize);
  return request.body(
    limit,
    `Request body too large, max size: ${limit} bytes. See the agent option limits.txn_max_req_len.`,
  );
}

function checkSizes(operations: readonly Operation[], kvMaxValueSize: number): void {
  if (operations.length > MAX_OPERATIONS)
    throw new AppError(
      'tooLarge',
      `Transaction contains too many operations (${operations.length} > ${MAX_OPERATIONS})`,
    );
  for (const operation of operations)
    if (operation.family === 'kv' && operation.value.length > kvMaxValueSize)
      throw new AppError(
        'tooLarge',
        `Value for key "${operation.key}" is too large (${operation.value.length} > ${kvMaxValueSize} bytes)`,
      );
}
