import type { MeshView } from '../../../model/index.js';
import { tokenDemandCell } from '../../../mesh/intentions/index.js';
import { JWT_FILTER, jwtFilter } from './jwt-filter.js';
import { RBAC_FILTERS, type RbacLayer } from './rbac.js';
import { rbacFilter } from './rbac-filter.js';
import type { ResourceType } from '../spec.js';

/** How a service's callers are judged. */
export interface Authorization {
  /** Requests have their tokens verified first; connections have none. */
  readonly verifiesTokens: boolean;
}

/** How the callers of a service are judged by a listener with filters of these layers. */
export function authorizationOf(view: MeshView, service: string, layers: readonly RbacLayer[]): Authorization {
  return { verifiesTokens: layers.includes('http') && view.cell(tokenDemandCell, service).hasFilter };
}

/** The filters that decide who is let in, in their order. */
export function authorizationFilters(layer: RbacLayer, { verifiesTokens }: Authorization) {
  return layer === 'http' && verifiesTokens ? [jwtFilter(), rbacFilter(layer)] : [rbacFilter(layer)];
}

/** The resources that these filters make Envoy ask for. */
export function authorizationReferences(
  layer: RbacLayer,
  { verifiesTokens }: Authorization,
): readonly { readonly type: ResourceType; readonly name: string }[] {
  const names = layer === 'http' && verifiesTokens ? [JWT_FILTER, RBAC_FILTERS[layer]] : [RBAC_FILTERS[layer]];
  return names.map((name) => ({ type: 'extension', name }));
}
