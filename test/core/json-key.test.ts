import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalJson, jsonKey, jsonKeyInput } from '../../src/core/index.js';

describe('keys of cells that are JSON', () => {
  it('are the canonical JSON of their inputs, which are read from them', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (input) => {
        const key = jsonKey(input);
        expect(key).toBe(canonicalJson(input));
        expect(canonicalJson(jsonKeyInput(key))).toBe(key);
      }),
    );
  });

  it('are read when their inputs are forgotten, or were never here', () => {
    const key = jsonKey({ name: 'first' });
    for (let number = 0; number < 10_000; number++) jsonKey({ number });
    expect(jsonKeyInput(key)).toEqual({ name: 'first' });
    expect(jsonKeyInput('{"name":"of another process"}')).toEqual({ name: 'of another process' });
  });
});
