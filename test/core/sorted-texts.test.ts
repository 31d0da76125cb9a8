import fc from 'fast-check';
import { expect, it } from 'vitest';
import { sortedTexts } from '../../src/core/index.js';

it('texts are sorted as the engine sorts them, few or many', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: 'binary' }), { maxLength: 40 }), (texts) => {
      expect(sortedTexts(texts)).toEqual([...texts].sort());
      expect(sortedTexts(new Set(texts))).toEqual([...new Set(texts)].sort());
    }),
  );
});
