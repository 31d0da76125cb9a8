import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SmallSet } from '../../../src/state/derive/small-set.js';

describe('a small set', () => {
  it('behaves as a set, small or large', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.boolean(), fc.integer({ min: 0, max: 15 })), { maxLength: 100 }), (steps) => {
        const small = new SmallSet<number>();
        const model = new Set<number>();
        for (const [adds, item] of steps) {
          if (adds) {
            expect(small.add(item)).toBe(!model.has(item));
            model.add(item);
          } else expect(small.delete(item)).toBe(model.delete(item));
          expect(small.size).toBe(model.size);
          expect(small.has(item)).toBe(model.has(item));
          expect(new Set(small)).toEqual(model);
        }
      }),
    );
  });
});
