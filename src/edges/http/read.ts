import type { Cell } from '../../model/index.js';
import type { IndexedValue } from '../../state/index.js';
import { type Blocking, readBlocking } from './blocking.js';
import { checkCacheControl, seenReads } from './cache-control.js';
import { type Consistency, readConsistency } from './consistency.js';
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
  /** Values that are answered with index 1, as what Consul does not even look for. Who waits from there is woken by a change. */
  readonly usesFirstIndex?: (value: Value) => boolean;
  /** Answers of blocking and cached reads are Consul's `streaming` ones: the health endpoints, unless they sort or merge. */
  readonly streaming?: boolean;
  /** False = `index` and `wait` mean nothing, though the route says that they do. */
  readonly blocking?: boolean;
}

/** Lists that are empty: what `usesStoreIndex` is for those that Consul reads from a whole table. */
export const isEmpty = (rows: readonly unknown[]): boolean => rows.length === 0;

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
  return readThen(request, cell, key, options, (result) => result);
}

/** `readCell`, then what is made of it: in the same turn when nothing has to be waited for, as with most reads. */
export function readThen<Value, Result>(
  request: ApiRequest,
  cell: Cell<Value>,
  key: string,
  options: ReadOptions<Value>,
  make: (result: ReadResult<Value>) => Result,
): Result | Promise<Result> {
  const { store } = request.deps;
  const consistency = readConsistency(request.query, isStaleByDefault(request), request.config.useCache);
  const isBlocking = request.route.blocking && options.blocking !== false;
  const blocking = isBlocking ? readBlocking(request.query, request.config) : NOT_BLOCKING;
  if (consistency.cached) checkCacheControl(request.header('cache-control'));
  const finish = (answer: IndexedValue<Value>): Result =>
    make(resultOf(request, cell, key, options, consistency, blocking, answer));
  if (consistency.mode !== 'stale' && !store.isCurrent)
    return store
      .barrier()
      .then(() => readOrWait(request, cell, key, options, blocking))
      .then(finish);
  const answer = readOrWait(request, cell, key, options, blocking);
  return answer instanceof Promise ? answer.then(finish) : finish(answer);
}

const NOT_BLOCKING: Blocking = { index: 0, waitMs: 0 };

function readOrWait<Value>(
  request: ApiRequest,
  cell: Cell<Value>,
  key: string,
  { usesFirstIndex }: ReadOptions<Value>,
  blocking: Blocking,
): IndexedValue<Value> | Promise<IndexedValue<Value>> {
  const { store } = request.deps;
  if (blocking.index < 1) return store.read(cell, key);
  const current = usesFirstIndex && blocking.index === 1 ? store.read(cell, key) : undefined;
  const waitsForFirst = current !== undefined && usesFirstIndex?.(current.value);
  return store.query(cell, key, {
    ...blocking,
    ...(waitsForFirst ? { index: current.index } : {}),
    get signal() {
      return request.signal;
    },
  });
}

function resultOf<Value>(
  { deps }: ApiRequest,
  cell: Cell<Value>,
  key: string,
  { usesStoreIndex, usesFirstIndex, streaming }: ReadOptions<Value>,
  { mode, cached }: Consistency,
  blocking: Blocking,
  given: IndexedValue<Value>,
): ReadResult<Value> {
  const { store } = deps;
  let answer = given;
  if (usesStoreIndex?.(answer.value)) {
    // Value and revision are taken in one turn, so that no write falls between them.
    const now = store.read(cell, key);
    answer = usesStoreIndex(now.value) ? { value: now.value, index: Math.max(now.index, store.index) } : now;
  }
  const streamed = streaming === true && (blocking.index > 0 || cached);
  const index = usesFirstIndex?.(answer.value) ? 1 : Math.max(1, answer.index);
  const headers = {
    'X-Consul-Index': String(index),
    'X-Consul-KnownLeader': streamed ? 'false' : 'true',
    'X-Consul-LastContact': '0',
    'X-Consul-Effective-Consistency': mode,
    'X-Consul-Query-Backend': streamed ? 'streaming' : 'blocking-query',
  };
  return {
    value: answer.value,
    index,
    headers: cached ? { ...headers, ...seenReads(deps).headers(`${cell.kind} ${key}`) } : headers,
  };
}

/** `discovery_max_stale` makes catalog and health reads stale unless they ask otherwise. */
function isStaleByDefault({ config, route }: ApiRequest): boolean {
  return config.discoveryMaxStaleMs > 0 && /^\/v1\/(?:catalog|health)\//.test(route.path);
}
