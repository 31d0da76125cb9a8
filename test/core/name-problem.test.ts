import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { nameProblem, tupleKey, tupleParts } from '../../src/core/index.js';

describe('a name', () => {
  test.each(['', 'web', 'Été 漢字', 'a/b', '*', 'x'.repeat(1024)])('%j is one', (name) => {
    expect(nameProblem(name)).toBeUndefined();
  });

  test.each(['a\u0000b', 'a\n', '\u001b[31m', 'x'.repeat(1025)])('%j is none', (name) => {
    expect(nameProblem(name)).toMatch(/^must /);
  });

  test('can be a part of a key and is found again', () => {
    const name = fc.string({ unit: 'binary' }).filter((text) => nameProblem(text) === undefined);
    fc.assert(
      fc.property(fc.array(name), (names) => {
        expect(tupleParts(tupleKey(...names))).toEqual(names);
      }),
    );
  });
});
