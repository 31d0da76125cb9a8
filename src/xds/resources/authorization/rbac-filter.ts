import { isHttpLike } from '../../../mesh/discovery-chain/index.js';
import { EXTENSION_SOURCE } from '../config-sources.js';
import { RBAC_FILTERS, RBAC_TYPES, type RbacLayer, denyAllRbac } from './rbac.js';

/** Requests are judged where there are requests, else connections. */
export const rbacLayerOf = (protocol: string): RbacLayer => (isHttpLike(protocol) ? 'http' : 'network');

/** The filter that holds a service's callers to its intentions: its rules are fetched, until they come nobody is let through. */
export function rbacFilter(layer: RbacLayer) {
  return {
    name: RBAC_FILTERS[layer],
    config_discovery: {
      config_source: EXTENSION_SOURCE,
      default_config: denyAllRbac(layer),
      type_urls: [`type.googleapis.com/${RBAC_TYPES[layer]}`],
    },
  };
}
