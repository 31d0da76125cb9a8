import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { meshNameProblem, nameProblem, tupleKey, tupleParts } from '../../src/core/index.js';

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

describe('a name of a service in the mesh', () => {
  test('leaves room for the rest of a TLS server name', () => {
    expect(meshNameProblem('\u00fc'.repeat(64))).toBeUndefined();
    expect(meshNameProblem('\u00fc'.repeat(65))).toBe(
      'must have at most 128 bytes to be part of TLS server names, not 130',
    );
    expect(meshNameProblem('a\n')).toBe(nameProblem('a\n'));
  });
});
