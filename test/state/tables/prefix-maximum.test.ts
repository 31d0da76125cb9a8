import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { PrefixMaximum } from '../../../src/state/tables/prefix-maximum.js';

const texts = fc.string({ maxLength: 5, unit: fc.constantFrom('a', 'b', '\u0000') });

describe('the greatest mark under a prefix', () => {
  it('is what a scan over all marks finds', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(texts, fc.integer({ min: 1, max: 1000 })), { maxLength: 60 }),
        texts,
        (marks, prefix) => {
          const tree = new PrefixMaximum();
          for (const [text, value] of marks) tree.raise(text, value);
          const expected = Math.max(0, ...marks.filter(([text]) => text.startsWith(prefix)).map(([, value]) => value));
          expect(tree.under(prefix)).toBe(expected);
        },
      ),
    );
  });

  it('is forgotten up to the floor and kept above it', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(texts, fc.integer({ min: 1, max: 100 })), { maxLength: 60 }),
        texts,
        fc.integer({ min: 0, max: 100 }),
        (marks, prefix, floor) => {
          const tree = new PrefixMaximum();
          for (const [text, value] of marks) tree.raise(text, value);
          tree.forget(floor);
          const expected = Math.max(0, ...marks.filter(([text]) => text.startsWith(prefix)).map(([, value]) => value));
          expect(Math.max(floor, tree.under(prefix))).toBe(Math.max(floor, expected));
        },
      ),
    );
  });
});
