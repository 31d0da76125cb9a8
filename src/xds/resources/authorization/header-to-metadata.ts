import { packAny } from '../../envoy-api/index.js';
import type { NamedFilter } from '../http-connection-manager.js';

/** The SPIFFE id in `x-forwarded-client-cert`, taken apart: the parts in order of its groups. */
const SPIFFE_ID = '.*URI=spiffe://([^/]+.[^/]+)(?:/ap/([^/]+))?/ns/([^/]+)/dc/([^/]+)/svc/([^/;,]+).*';
const PARTS = ['trust-domain', 'partition', 'namespace', 'datacenter', 'service'];

/**
 * Puts the parts of the caller's SPIFFE id into the request's metadata (namespace `consul`, consul-behaviour 6.3), for access
 * logs and extensions. Not for decisions: the header holds what earlier proxies wrote, too.
 */
export function headerToMetadataFilter(): NamedFilter {
  return {
    name: 'envoy.filters.http.header_to_metadata',
    typed_config: packAny('envoy.extensions.filters.http.header_to_metadata.v3.Config', {
      request_rules: PARTS.map((key, position) => ({
        header: 'x-forwarded-client-cert',
        on_header_present: {
          metadata_namespace: 'consul',
          key,
          regex_value_rewrite: { pattern: { regex: SPIFFE_ID }, substitution: `\\${position + 1}` },
        },
      })),
    }),
  };
}
