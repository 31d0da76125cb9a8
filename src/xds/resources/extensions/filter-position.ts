import type { ExtensionOrder, HttpFilter, NetworkFilter } from './extension.js';

type FilterPosition = Exclude<ExtensionOrder['position'], 'no-filter'>;

/**
 * The filters that decide who may call: tokens, then intentions, then how many, then what is noted of the caller for the filters
 * behind. They have constant names whether their rules stand inside or are fetched.
 */
const HTTP_AUTHORIZATION: ReadonlySet<string> = new Set([
  'envoy.filters.http.jwt_authn',
  'envoy.filters.http.rbac',
  'envoy.filters.http.local_ratelimit',
  'envoy.filters.http.header_to_metadata',
]);
const NETWORK_AUTHORIZATION: ReadonlySet<string> = new Set(['envoy.filters.network.rbac']);

/** The filters of a connection manager with one more; its last is the router. */
export function insertHttpFilter(
  filters: readonly HttpFilter[],
  position: FilterPosition,
  filter: HttpFilter,
): readonly HttpFilter[] {
  return insert(filters, indexOf(filters, position, HTTP_AUTHORIZATION), filter);
}

/** The filters of a chain with one more; the last of them takes the connection. */
export function insertNetworkFilter(
  filters: readonly NetworkFilter[],
  position: FilterPosition,
  filter: NetworkFilter,
): readonly NetworkFilter[] {
  return insert(filters, indexOf(filters, position, NETWORK_AUTHORIZATION), filter);
}

function indexOf(
  filters: readonly { readonly name?: string | undefined }[],
  position: FilterPosition,
  authorization: ReadonlySet<string>,
): number {
  const decides = ({ name = '' }: { readonly name?: string | undefined }): boolean => authorization.has(name);
  const last = Math.max(filters.length - 1, 0);
  if (position === 'before-last') return last;
  if (position === 'after-authorization') return filters.findLastIndex(decides) + 1;
  if (position === 'before-authorization') {
    const first = filters.findIndex(decides);
    return first < 0 ? last : first;
  }
  return 0;
}

function insert<Filter>(filters: readonly Filter[], index: number, filter: Filter): readonly Filter[] {
  return [...filters.slice(0, index), filter, ...filters.slice(index)];
}
