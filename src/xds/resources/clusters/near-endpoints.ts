import type { Locality } from '../../../model/index.js';
import type { EndpointsInput } from './endpoints.js';
import { type NeededResource, needed } from '../resource-cell.js';

/**
 * The resources of an upstream for a caller at a place: endpoints that are to be preferred by how near they are become cells of
 * that place, shared by all callers there. Without a place they stay the cells that everybody shares.
 */
export function nearEndpoints(
  resources: readonly NeededResource[],
  from: Locality | undefined,
): readonly NeededResource[] {
  if (from === undefined || !resources.some(({ byLocality }) => byLocality)) return resources;
  return resources.map((resource) => {
    if (!resource.byLocality) return resource;
    const { input } = JSON.parse(resource.cell) as { readonly input: EndpointsInput };
    return { ...resource, cell: needed('endpoints', { ...input, from }).cell };
  });
}
