import { distanceSeconds } from '../../core/index.js';
import { type MeshView, nodeKey } from '../../model/index.js';

/**
 * How far nodes are from one, in seconds: 0 for itself, infinite where either has no coordinate of a common segment. Undefined when
 * the node itself has no coordinate: there is nothing to sort by (consul-behaviour.md 1.3).
 */
export function distancesFrom(view: MeshView, near: string): ((node: string) => number) | undefined {
  const own = view.range('coordinates', 'byNode', [nodeKey(near)]);
  if (own.length === 0) return undefined;
  const known = new Map<string, number>([[nodeKey(near), 0]]);
  return (node) => {
    const key = nodeKey(node);
    const found = known.get(key);
    if (found !== undefined) return found;
    const distances = view
      .range('coordinates', 'byNode', [key])
      .flatMap(({ segment, coordinate }) =>
        own.filter((one) => one.segment === segment).map((one) => distanceSeconds(one.coordinate, coordinate)),
      );
    const distance = Math.min(Number.POSITIVE_INFINITY, ...distances);
    known.set(key, distance);
    return distance;
  };
}

/** Rows by the distance of their nodes, nearest first; equally near ones keep their order. */
export function sortNear<Row>(
  view: MeshView,
  near: string,
  rows: readonly Row[],
  nodeOf: (row: Row) => string,
): readonly Row[] {
  const distance = near === '' ? undefined : distancesFrom(view, near);
  if (distance === undefined) return rows;
  const compare = (left: number, right: number): number => (left === right ? 0 : left < right ? -1 : 1);
  return rows.toSorted((left, right) => compare(distance(nodeOf(left)), distance(nodeOf(right))));
}
