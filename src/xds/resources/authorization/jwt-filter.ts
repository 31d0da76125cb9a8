import { packAny } from '../../envoy-api/index.js';
import { EXTENSION_SOURCE } from '../config-sources.js';

/** Name of the filter that verifies tokens, which is also that of the resource that holds what it verifies. */
export const JWT_FILTER = 'envoy.filters.http.jwt_authn';

/** Full type name of the filter's configuration. */
export const JWT_TYPE = 'envoy.extensions.filters.http.jwt_authn.v3.JwtAuthentication';

/** The key under which the filter tells those behind it the payload of a provider's token that it has verified. */
export const payloadKey = (provider: string): string => `jwt_payload_${provider}`;

/** Name of the cluster of the server that has a provider's keys (consul-behaviour 6.1). */
export const jwksClusterName = (provider: string): string => `jwks_cluster_${provider}`;

/**
 * The filter that verifies the tokens of requests (consul-behaviour 6.7), in front of the one that judges them. Until it is told
 * what to verify, it verifies nothing and passes every request on, which then lacks whatever token it needs.
 */
export function jwtFilter() {
  return {
    name: JWT_FILTER,
    config_discovery: {
      config_source: EXTENSION_SOURCE,
      default_config: packAny(JWT_TYPE, {}),
      type_urls: [`type.googleapis.com/${JWT_TYPE}`],
    },
  };
}
