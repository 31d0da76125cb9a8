import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type Coordinate,
  coordinateProblem,
  DIMENSIONS,
  distanceSeconds,
  moved,
  ORIGIN,
} from '../../src/core/index.js';

const number = (max: number) => fc.double({ min: -max, max, noNaN: true });
const coordinate = fc.record({
  vec: fc.array(number(1), { minLength: DIMENSIONS, maxLength: DIMENSIONS }),
  error: fc.double({ min: 0, max: 1.5, noNaN: true }),
  adjustment: fc.constant(0),
  height: fc.double({ min: 0, max: 1, noNaN: true }),
});

/** The same numbers every time. */
function drawn(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return state / 2_147_483_648;
  };
}

describe('a place in the network', () => {
  it('stays one that can be stored, whatever is measured', () => {
    fc.assert(
      fc.property(coordinate, coordinate, fc.double({ min: 0, max: 10, noNaN: true }), (own, other, rtt) => {
        expect(coordinateProblem(moved(own, other, rtt, () => 0.3))).toBeUndefined();
      }),
    );
  });

  it('is further away after a measurement that was longer than thought, and nearer after a shorter one', () => {
    const one: Coordinate = { ...ORIGIN, vec: ORIGIN.vec.map((_value, at) => (at === 0 ? 0.01 : 0)) };
    const before = distanceSeconds(one, ORIGIN);
    expect(distanceSeconds(moved(one, ORIGIN, 0.05, Math.random), ORIGIN)).toBeGreaterThan(before);
    expect(distanceSeconds(moved(one, ORIGIN, 0.001, Math.random), ORIGIN)).toBeLessThan(before);
  });

  it('becomes the one that the round trip times to three servers say: two agents know how far they are from each other', () => {
    const random = drawn(7);
    // Two sites, 20 ms apart; two agents with a slow last mile.
    const site = [0, 0, 0.02, 0, 0.02];
    const lastMile = [0.0005, 0.0005, 0.0005, 0.003, 0.003];
    const rtt = (a: number, b: number): number =>
      Math.abs((site[a] ?? 0) - (site[b] ?? 0)) + (lastMile[a] ?? 0) + (lastMile[b] ?? 0);
    const places: Coordinate[] = site.map(() => ORIGIN);
    for (let round = 0; round < 400; round++)
      for (const node of places.keys()) {
        const server = Math.floor(random() * 3);
        if (server === node) continue;
        const [own, other] = [places[node], places[server]] as [Coordinate, Coordinate];
        places[node] = moved(own, other, rtt(node, server), random);
      }
    const between = distanceSeconds(places[3] as Coordinate, places[4] as Coordinate);
    expect(between).toBeGreaterThan(rtt(3, 4) * 0.7);
    expect(between).toBeLessThan(rtt(3, 4) * 1.4);
    expect(places[3]?.error).toBeLessThan(0.5);
  });
});
