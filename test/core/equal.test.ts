import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { deepEqual } from '../../src/core/equal.js';

/** Few different values, so that many are equal. */
const data = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4, depthSize: 'medium' },
    fc.constantFrom<unknown>(undefined, null, 0, 1, Number.NaN, '', 'a', true),
    fc.array(tie('value'), { maxLength: 2 }),
    fc.dictionary(fc.constantFrom('a', 'b', '__proto__'), tie('value'), { maxKeys: 2 }),
    fc.constantFrom<unknown>(Buffer.from('a'), Buffer.from('b'), Buffer.from('a')),
    fc.constantFrom<unknown>(
      new Map([['a', [1]]]),
      new Map([['a', [2]]]),
      new Map([['a', [1]]]),
      new Set([1]),
      new Set([2]),
    ),
  ),
})).value;

describe('equality of data', () => {
  it('is that of every part, whatever the order of keys', () => {
    fc.assert(
      fc.property(data, data, (left, right) => {
        expect(deepEqual(left, right)).toBe(isDeepStrictEqual(left, right));
      }),
      { numRuns: 2_000 },
    );
  });

  it.each([
    [{ a: undefined }, {}],
    [{ a: undefined }, { b: undefined }],
    [{ a: 1 }, { a: 1, b: undefined }],
    [[], {}],
    [{}, null],
    [[undefined], []],
  ])('tells %j from %j', (left, right) => {
    expect([deepEqual(left, right), deepEqual(right, left)]).toEqual([false, false]);
  });
});
