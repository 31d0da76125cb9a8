import type { QueriedInstance } from '../../mesh/queries/index.js';

/** In which order instances are answered, and how many. */
export interface Arrangement {
  /** Node whose instances come first; empty = chance alone decides. */
  readonly near: string;
  /** How far nodes are from that one; absent = it is not known. */
  readonly distance?: ((node: string) => number) | undefined;
  /** 0 = all. */
  readonly limit: number;
  /** A number in [0, 1). */
  readonly random: () => number;
}

/**
 * What a query found in the order it is answered in: shuffled, the instances on the node that is asked for first, then the nearest,
 * cut to the limit (consul-behaviour.md 1.13). Equally near ones stay in the order of chance.
 */
export function arrangeInstances(
  instances: readonly QueriedInstance[],
  { near, distance, limit, random }: Arrangement,
): readonly QueriedInstance[] {
  const shuffled = shuffle(instances, random);
  const wanted = near.toLowerCase();
  const isNear = ({ node }: QueriedInstance): boolean => wanted !== '' && node.node.toLowerCase() === wanted;
  const others = shuffled.filter((instance) => !isNear(instance));
  if (distance) others.sort((left, right) => compare(distance(left.node.node), distance(right.node.node)));
  const ordered = [...shuffled.filter(isNear), ...others];
  return limit > 0 ? ordered.slice(0, limit) : ordered;
}

/** Of distances, which may both be infinite. */
const compare = (left: number, right: number): number => (left === right ? 0 : left < right ? -1 : 1);

/** Fisher and Yates: every order is equally likely. */
function shuffle<Item>(items: readonly Item[], random: () => number): readonly Item[] {
  const result = [...items];
  for (let last = result.length - 1; last > 0; last--) {
    const other = Math.floor(random() * (last + 1));
    const [left, right] = [result[last] as Item, result[other] as Item];
    result[last] = right;
    result[other] = left;
  }
  return result;
}
