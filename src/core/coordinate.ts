/** A place in the network model (Vivaldi): all numbers are seconds. `vec` has eight dimensions. */
export interface Coordinate {
  readonly vec: readonly number[];
  /** How sure the node is of its place; grows smaller as it learns. */
  readonly error: number;
  readonly adjustment: number;
  readonly height: number;
}

/** Dimensions of a coordinate's vector. */
export const DIMENSIONS = 8;

/** Nothing on this planet, nor on a satellite, is further away: seconds. */
const FURTHEST_SECONDS = 10_000;

/** Where a node that has measured nothing believes to be (consul-behaviour.md 1.9). */
export const ORIGIN: Coordinate = {
  vec: Array.from({ length: DIMENSIONS }, () => 0),
  error: 1.5,
  adjustment: 0,
  height: 0.00001,
};

/** Why something is not a usable coordinate, or undefined when it is one. */
export function coordinateProblem({ vec, error, adjustment, height }: Coordinate): string | undefined {
  if (vec.length !== DIMENSIONS)
    return `incompatible coordinate: Vec must have ${DIMENSIONS} numbers, not ${vec.length}`;
  for (const [name, value] of [
    ...vec.map((value) => ['Vec', value] as const),
    ['Error', error] as const,
    ['Adjustment', adjustment] as const,
    ['Height', height] as const,
  ]) {
    if (!Number.isFinite(value)) return `invalid coordinate: ${name} must hold finite numbers`;
    if (Math.abs(value) > FURTHEST_SECONDS)
      return `invalid coordinate: ${name} must be between -${FURTHEST_SECONDS} and ${FURTHEST_SECONDS} seconds`;
  }
  if (error < 0 || height < 0) return `invalid coordinate: ${error < 0 ? 'Error' : 'Height'} must not be negative`;
  return undefined;
}

/**
 * The estimated round trip time between two places, in seconds: Euclid's distance plus both heights, with the adjustments where
 * that leaves something positive (Vivaldi; consul-behaviour.md 11.5).
 */
export function distanceSeconds(one: Coordinate, other: Coordinate): number {
  const squares = one.vec.map((value, at) => (value - (other.vec[at] ?? 0)) ** 2);
  const distance = Math.sqrt(squares.reduce((sum, square) => sum + square, 0)) + one.height + other.height;
  const adjusted = distance + one.adjustment + other.adjustment;
  return adjusted > 0 ? adjusted : distance;
}
