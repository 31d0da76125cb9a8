import { type Coordinate, ORIGIN } from './coordinate.js';

/** How much one measurement may move a place, and change the trust in it (Vivaldi, section 2.5: the adaptive timestep). */
const MOVE = 0.25;
const TRUST = 0.25;
const WORST_ERROR = ORIGIN.error;
const LEAST_HEIGHT = ORIGIN.height;
/** Nothing is nearer: a measurement of nothing would divide by it. */
const LEAST_RTT_SECONDS = 0.000_001;

/**
 * Where a node is after a measurement: its place pulled towards or pushed away from the other's, the more the surer the other is of
 * its own (Dabek, Cox, Kaashoek, Morris: Vivaldi, SIGCOMM 2004, with height vectors of section 5.4). Times are seconds; `random` says
 * where to go from the very place of the other.
 */
export function moved(own: Coordinate, other: Coordinate, rttSeconds: number, random: () => number): Coordinate {
  const rtt = Math.max(rttSeconds, LEAST_RTT_SECONDS);
  const apart = own.vec.map((value, at) => value - (other.vec[at] ?? 0));
  const flat = norm(apart);
  const heights = own.height + other.height;
  const estimate = flat + heights;
  const weight = own.error / Math.max(own.error + other.error, LEAST_RTT_SECONDS);
  const relativeError = Math.abs(estimate - rtt) / rtt;
  const error = Math.min(own.error + TRUST * weight * (relativeError - own.error), WORST_ERROR);
  const force = MOVE * weight * (rtt - estimate);
  const isSamePlace = flat < LEAST_RTT_SECONDS;
  const direction = isSamePlace ? anywhere(own.vec.length, random) : apart.map((value) => value / estimate);
  return {
    vec: own.vec.map((value, at) => value + force * (direction[at] ?? 0)),
    error,
    adjustment: own.adjustment,
    height: isSamePlace ? own.height : Math.max(own.height + (force * heights) / estimate, LEAST_HEIGHT),
  };
}

const norm = (vector: readonly number[]): number => Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0));

/** A direction of length 1. */
function anywhere(dimensions: number, random: () => number): readonly number[] {
  const drawn = Array.from({ length: dimensions }, () => random() - 0.5);
  const length = norm(drawn);
  return length < LEAST_RTT_SECONDS ? drawn.map((_value, at) => (at === 0 ? 1 : 0)) : drawn.map((v) => v / length);
}
