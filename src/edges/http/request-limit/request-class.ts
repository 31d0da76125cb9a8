import type { RequestCategory } from '../../../model/index.js';

export type RequestOperation = 'read' | 'write';

/** What a request counts as; undefined = it has no limit. */
export interface RequestClass {
  readonly operation: RequestOperation;
  readonly category: RequestCategory | undefined;
}

/** Families by the start of their paths; the first that fits counts. */
const CATEGORIES: readonly (readonly [prefix: string, category: RequestCategory])[] = [
  ['/v1/acl/', 'acl'],
  ['/v1/catalog/', 'catalog'],
  ['/v1/config', 'configEntry'],
  ['/v1/connect/ca/', 'connectCa'],
  ['/v1/connect/intentions', 'intention'],
  ['/v1/coordinate/', 'coordinate'],
  ['/v1/discovery-chain/', 'discoveryChain'],
  ['/v1/health/', 'health'],
  ['/v1/internal/', 'internal'],
  ['/v1/kv/', 'kv'],
  ['/v1/peering', 'peering'],
  ['/v1/query', 'preparedQuery'],
  ['/v1/session/', 'session'],
  ['/v1/txn', 'txn'],
];

/** The agent itself, and what an operator needs to look at and to mend an overloaded server. */
const EXEMPT = ['/v1/agent/', '/v1/mesh/', '/v1/operator/', '/v1/status/'];
const LIMIT_ENTRIES = '/v1/config/control-plane-request-limit/';

/** The families that have endpoints here; limits of others have no effect. */
export const limitedCategories: ReadonlySet<string> = new Set(CATEGORIES.map(([, category]) => category));

/** What a request counts as (consul-behaviour.md 11.6). A limit can always be deleted, however low it is. */
export function requestClass(method: string, path: string): RequestClass | undefined {
  if (EXEMPT.some((prefix) => path.startsWith(prefix))) return undefined;
  if (method === 'DELETE' && path.startsWith(LIMIT_ENTRIES)) return undefined;
  const isRead = method === 'GET' || method === 'HEAD' || path.startsWith('/v1/discovery-chain/');
  const category = CATEGORIES.find(([prefix]) => path.startsWith(prefix))?.[1];
  return { operation: isRead ? 'read' : 'write', category };
}
