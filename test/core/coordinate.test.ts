import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Coordinate, ORIGIN, coordinateProblem, distanceSeconds } from '../../src/core/index.js';

const seconds = (min: number, max: number) => fc.double({ min, max, noNaN: true });
const coordinate: fc.Arbitrary<Coordinate> = fc.record({
  vec: fc.array(seconds(-10, 10), { minLength: 8, maxLength: 8 }),
  error: seconds(0, 1.5),
  adjustment: seconds(-0.5, 0.5),
  height: seconds(0, 1),
});
const at = (x: number, more: Partial<Coordinate> = {}): Coordinate => ({
  ...ORIGIN,
  vec: [x, 0, 0, 0, 0, 0, 0, 0],
  height: 0,
  ...more,
});

describe('the distance between coordinates', () => {
  test('is that of the vectors and both heights', () => {
    expect(distanceSeconds(at(0), at(0.003))).toBeCloseTo(0.003, 12);
    expect(distanceSeconds(at(0, { height: 0.001 }), at(0.003, { height: 0.002 }))).toBeCloseTo(0.006, 12);
  });

  test('takes adjustments in only while something positive is left', () => {
    expect(distanceSeconds(at(0, { adjustment: 0.001 }), at(0.003))).toBeCloseTo(0.004, 12);
    expect(distanceSeconds(at(0, { adjustment: -0.002 }), at(0.003, { adjustment: -0.002 }))).toBeCloseTo(0.003, 12);
  });

  test('is never negative, finite, and the same in both directions', () => {
    fc.assert(
      fc.property(coordinate, coordinate, (one, other) => {
        const distance = distanceSeconds(one, other);
        expect(distance).toBeGreaterThanOrEqual(0);
        expect(Number.isFinite(distance)).toBe(true);
        expect(distanceSeconds(other, one)).toBeCloseTo(distance, 9);
      }),
    );
  });

  test('keeps the triangle inequality where nothing is adjusted', () => {
    const plain = coordinate.map((one) => ({ ...one, adjustment: 0 }));
    fc.assert(
      fc.property(plain, plain, plain, (a, b, c) => {
        expect(distanceSeconds(a, c)).toBeLessThanOrEqual(distanceSeconds(a, b) + distanceSeconds(b, c) + 1e-9);
      }),
    );
  });
});

describe('a coordinate', () => {
  test('is usable when it has eight finite numbers', () => {
    fc.assert(fc.property(coordinate, (one) => coordinateProblem(one) === undefined));
  });

  test.each([
    [{ vec: [1] }, /incompatible coordinate/],
    [{ vec: [0, 0, 0, 0, 0, 0, 0, Number.NaN] }, /finite/],
    [{ error: Number.POSITIVE_INFINITY }, /Error.*finite/],
    [{ height: 1e300 }, /Height must be between/],
    [{ height: -1 }, /Height must not be negative/],
    [{ error: -0.1 }, /Error must not be negative/],
  ])('with %j is refused', (change, problem) => {
    expect(coordinateProblem({ ...ORIGIN, ...change })).toMatch(problem);
  });
});
