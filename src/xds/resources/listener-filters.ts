import { packAny } from '../envoy-api/index.js';
import type { NamedFilter } from './http-connection-manager.js';

/** Tells where a redirected connection was going, so that filter chains can be chosen by it. */
export function originalDestinationFilter(): NamedFilter {
  return {
    name: 'envoy.filters.listener.original_dst',
    typed_config: packAny('envoy.extensions.filters.listener.original_dst.v3.OriginalDst', {}),
  };
}

/** Tells TLS from everything else, and which server name is asked for. Waits for the caller to speak. */
export function tlsInspector(): NamedFilter {
  return {
    name: 'envoy.filters.listener.tls_inspector',
    typed_config: packAny('envoy.extensions.filters.listener.tls_inspector.v3.TlsInspector', {}),
  };
}
