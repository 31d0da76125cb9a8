import type { Locality } from '../../../model/index.js';
import { type NeededResource, needed } from '../resource-cell.js';

/** What `byLocality` may stand at. */
interface NearInput {
  readonly builder: 'endpoints' | 'query-endpoints';
  readonly input: Parameters<typeof needed<'endpoints'>>[1] & Parameters<typeof needed<'query-endpoints'>>[1];
}

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
    const { builder, input } = JSON.parse(resource.cell) as NearInput;
    return { ...resource, cell: needed(builder, { ...input, from }).cell };
  });
}
