import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { keysBelow } from '../../../src/discovery/kv/index.js';

describe('names below a prefix', () => {
  test('are cut after the first separator behind the prefix', () => {
    const keys = ['app', 'app/a', 'app/b', 'app/b/c', 'app/b/d', 'app2/z'];
    expect(keysBelow(keys, '', '/')).toEqual(['app', 'app/', 'app2/']);
    expect(keysBelow(keys.slice(1, 5), 'app/', '/')).toEqual(['app/a', 'app/b', 'app/b/']);
    expect(keysBelow(keys, '', '')).toEqual(keys);
  });

  test('may be cut at more than one character', () => {
    expect(keysBelow(['a--b', 'a--c', 'a-d'], '', '--')).toEqual(['a--', 'a-d']);
  });

  test('never repeat, and each is a beginning of a key that has the prefix', () => {
    const key = fc.string({ unit: fc.constantFrom('a', 'b', '/') });
    fc.assert(
      fc.property(fc.array(key), key, (all, prefix) => {
        const keys = [...new Set(all)].filter((one) => one.startsWith(prefix)).sort();
        const names = keysBelow(keys, prefix, '/');
        expect(new Set(names).size).toBe(names.length);
        for (const name of names)
          expect(keys.some((one) => one.startsWith(name)) && name.startsWith(prefix)).toBe(true);
        expect(keys.every((one) => names.some((name) => one.startsWith(name)))).toBe(true);
      }),
    );
  });
});
