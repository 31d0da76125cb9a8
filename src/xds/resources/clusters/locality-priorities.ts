import type { TargetEndpoint } from '../../../mesh/proxy/index.js';
import type { Locality } from '../../../model/index.js';

/** Endpoints of one place, with their turn: 0 first. */
export interface PlacedEndpoints {
  readonly locality: Locality | undefined;
  readonly priority: number;
  readonly endpoints: readonly TargetEndpoint[];
}

/**
 * Endpoints by place, those near `from` first: of its zone, then of its region, then all others. Turns are counted from 0 without
 * gaps, as Envoy wants them; places of the same turn stand by name. A caller without a zone prefers its region.
 */
export function byLocality(endpoints: readonly TargetEndpoint[], from: Locality): readonly PlacedEndpoints[] {
  const places = new Map<string, { distance: number; locality: Locality | undefined; endpoints: TargetEndpoint[] }>();
  for (const endpoint of endpoints) {
    const { locality } = endpoint;
    const key = locality ? `${locality.region}\0${locality.zone}` : '';
    const place = places.get(key) ?? { distance: distanceOf(locality, from), locality, endpoints: [] };
    place.endpoints.push(endpoint);
    places.set(key, place);
  }
  const sorted = [...places].sort(
    ([leftKey, left], [rightKey, right]) => left.distance - right.distance || (leftKey < rightKey ? -1 : 1),
  );
  const distances = [...new Set(sorted.map(([, { distance }]) => distance))];
  return sorted.map(([, { distance, locality, endpoints: placed }]) => ({
    locality,
    priority: distances.indexOf(distance),
    endpoints: placed,
  }));
}

function distanceOf(locality: Locality | undefined, from: Locality): number {
  if (locality?.region !== from.region) return 2;
  return from.zone === '' || locality.zone === from.zone ? 0 : 1;
}
