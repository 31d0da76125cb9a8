import { describe, expect, it } from 'vitest';
import { structureHash } from '../../src/core/index.js';

describe('the structure hash', () => {
  it('does not depend on the order of fields', () => {
    const one = structureHash.struct('T', { A: structureHash.text('x'), B: structureHash.integer(1) });
    const other = structureHash.struct('T', { B: structureHash.integer(1), A: structureHash.text('x') });
    expect(one).toBe(other);
  });

  it('depends on the name of the type, on names of fields and on values', () => {
    const hashes = [
      structureHash.struct('T', { A: structureHash.text('x') }),
      structureHash.struct('U', { A: structureHash.text('x') }),
      structureHash.struct('T', { B: structureHash.text('x') }),
      structureHash.struct('T', { A: structureHash.text('y') }),
    ];
    expect(new Set(hashes).size).toBe(hashes.length);
  });

  it('depends on the order of a list and not on the order of a map', () => {
    const [one, two] = [structureHash.text('1'), structureHash.text('2')];
    expect(structureHash.list([one, two])).not.toBe(structureHash.list([two, one]));
    expect(structureHash.map({ a: one, b: two })).toBe(structureHash.map({ b: two, a: one }));
  });

  it('tells a false flag from the number zero and from empty text', () => {
    const hashes = [structureHash.flag(false), structureHash.integer(0), structureHash.text('')];
    expect(new Set(hashes).size).toBe(3);
  });

  it('fits 64 bits', () => {
    expect(structureHash.integer(-1)).toBeLessThan(1n << 64n);
    expect(structureHash.list([structureHash.integer(-1)])).toBeLessThan(1n << 64n);
  });
});
