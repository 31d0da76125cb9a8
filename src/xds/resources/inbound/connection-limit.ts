import type { OpaqueConfig } from '../../../model/index.js';
import { packAny } from '../../envoy-api/index.js';
import type { NamedFilter } from '../http-connection-manager.js';
import { positiveConfigNumber } from '../opaque-config.js';

/** The filter that holds a public listener to `max_inbound_connections`, as a list: empty when there is no limit. */
export function connectionLimitFilters(config: OpaqueConfig): readonly NamedFilter[] {
  const limit = positiveConfigNumber(config, 'max_inbound_connections');
  if (limit === undefined) return [];
  return [
    {
      name: 'envoy.filters.network.connection_limit',
      typed_config: packAny('envoy.extensions.filters.network.connection_limit.v3.ConnectionLimit', {
        stat_prefix: 'inbound_connection_limit',
        max_connections: { value: limit },
      }),
    },
  ];
}
