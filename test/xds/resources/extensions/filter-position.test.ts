import { describe, expect, test } from 'vitest';
import { insertHttpFilter, insertNetworkFilter } from '../../../../src/xds/resources/extensions/filter-position.js';

const named = (text: string) => text.split(' ').map((name) => ({ name: `envoy.filters.http.${name}` }));
const shown = (filters: readonly { name?: string | undefined }[]) =>
  filters.map(({ name }) => name?.split('.').at(-1)).join(' ');
const NEW = { name: 'x.NEW' };

describe('where a filter is put', () => {
  const inbound = named('jwt_authn rbac header_to_metadata router');
  const outbound = named('grpc_stats router');

  test.each([
    ['first', 'NEW jwt_authn rbac header_to_metadata router', 'NEW grpc_stats router'],
    ['before-authorization', 'NEW jwt_authn rbac header_to_metadata router', 'grpc_stats NEW router'],
    ['after-authorization', 'jwt_authn rbac header_to_metadata NEW router', 'NEW grpc_stats router'],
    ['before-last', 'jwt_authn rbac header_to_metadata NEW router', 'grpc_stats NEW router'],
  ] as const)('%s', (position, whereIntentionsAre, elsewhere) => {
    expect(shown(insertHttpFilter(inbound, position, NEW))).toBe(whereIntentionsAre);
    expect(shown(insertHttpFilter(outbound, position, NEW))).toBe(elsewhere);
  });

  test('behind filters of other extensions that stand before intentions, too', () => {
    expect(shown(insertHttpFilter(named('cors rbac lua router'), 'after-authorization', NEW))).toBe(
      'cors rbac NEW lua router',
    );
    expect(shown(insertHttpFilter(named('cors rbac lua router'), 'before-authorization', NEW))).toBe(
      'cors NEW rbac lua router',
    );
  });

  test('behind a limit of requests, which is there to keep work off it', () => {
    expect(shown(insertHttpFilter(named('rbac local_ratelimit router'), 'after-authorization', NEW))).toBe(
      'rbac local_ratelimit NEW router',
    );
  });

  test('of connections, before what takes them', () => {
    const chain = [
      { name: 'envoy.filters.network.rbac' },
      { name: 'envoy.filters.network.connection_limit' },
      { name: 'envoy.filters.network.tcp_proxy' },
    ];
    expect(shown(insertNetworkFilter(chain, 'before-last', NEW))).toBe('rbac connection_limit NEW tcp_proxy');
    expect(shown(insertNetworkFilter(chain, 'after-authorization', NEW))).toBe('rbac NEW connection_limit tcp_proxy');
    expect(shown(insertNetworkFilter([], 'before-last', NEW))).toBe('NEW');
  });
});
