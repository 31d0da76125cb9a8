import type { Cell } from '../../model/index.js';
import { readBlocking } from './blocking.js';
import { checkCacheControl, seenReads } from './cache-control.js';
import { readConsistency } from './consistency.js';
import type { ApiRequest } from './route.js';

/** What a read gave, and the headers that say how. */
export interface ReadResult<Value> {
  readonly value: Value;
  readonly index: number;
  readonly headers: Readonly<Record<string, string>>;
}

export interface ReadOptions<Value> {
  /**
   * Values that are answered with the store's index instead of their own, as Consul answers with a whole table's: what is not
   * there, and lists over a table. A waiting client is still woken by a change of the value only.
   */
  readonly usesStoreIndex?: (value: Value) => boolean;
  /** Answers of blocking and cached reads are Consul's `streaming` ones: the health endpoints, unless they sort or merge. */
  readonly streaming?: boolean;
}

/**
 * Reads a cell as the request asks: consistency, blocking, caching (consul-behaviour.md 1.1). The value is unfiltered; filter
 * it afterwards. Bad parameters are `invalidArgument`.
 */
export async function readCell<Value>(
  request: ApiRequest,
  cell: Cell<Value>,
  key: string,
  options: ReadOptions<Value> = {},
): Promise<ReadResult<Value>> {
  const { store } = request.deps;
  const consistency = readConsistency(request.query, isStaleByDefault(request), request.config.useCache);
  const blocking = request.route.blocking ? readBlocking(request.query, request.config) : { index: 0, waitMs: 0 };
  if (consistency.cached) checkCacheControl(request.header('cache-control'));
  if (consistency.mode !== 'stale' && !store.isCurrent) await store.barrier();
  let answer =
    blocking.index < 1
      ? store.read(cell, key)
      : await store.query(cell, key, {
          ...blocking,
          get signal() {
            return request.signal;
          },
        });
  if (options.usesStoreIndex?.(answer.value)) {
    // Value and revision are taken in one turn, so that no write falls between them.
    const now = store.read(cell, key);
    answer = options.usesStoreIndex(now.value) ? { value: now.value, index: Math.max(now.index, store.index) } : now;
  }
  const streamed = options.streaming === true && (blocking.index > 0 || consistency.cached);
  const index = Math.max(1, answer.index);
  return {
    value: answer.value,
    index,
    headers: {
      'X-Consul-Index': String(index),
      'X-Consul-KnownLeader': streamed ? 'false' : 'true',
      'X-Consul-LastContact': '0',
      'X-Consul-Effective-Consistency': consistency.mode,
      'X-Consul-Query-Backend': streamed ? 'streaming' : 'blocking-query',
      ...(consistency.cached ? seenReads(request.deps).headers(`${cell.kind} ${key}`) : {}),
    },
  };
}

/** `discovery_max_stale` makes catalog and health reads stale unless they ask otherwise. */
function isStaleByDefault(request: ApiRequest): boolean {
  return request.config.discoveryMaxStaleMs > 0 && /^\/v1\/(?:catalog|health)\//.test(request.route.path);
}
