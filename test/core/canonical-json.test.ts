import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalJson } from '../../src/core/index.js';

describe('canonical JSON', () => {
  it('is JSON of the same value', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(JSON.parse(canonicalJson(value))).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  it('writes every text as JSON.stringify does', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const long = 'long '.repeat(20) + text;
        expect(canonicalJson([text, long])).toBe(JSON.stringify([text, long]));
      }),
    );
    for (const text of ['"', '\\', '\u0000', '\u001f', '\u007f', '\ud800', '\u2028', '😀'])
      expect(canonicalJson(text)).toBe(JSON.stringify(text));
  });

  it('writes every number as JSON.stringify does', () => {
    fc.assert(
      fc.property(fc.oneof(fc.double(), fc.integer()), (number) => {
        expect(canonicalJson(number)).toBe(JSON.stringify(number));
      }),
    );
  });

  it('does not depend on the order of keys, at any depth', () => {
    expect(canonicalJson({ b: [{ d: 1, c: 2 }], a: { z: 1, y: 2 } })).toBe('{"a":{"y":2,"z":1},"b":[{"c":2,"d":1}]}');
  });

  it('leaves out what is undefined, keeps its place in lists, and takes forms of their own', () => {
    expect(canonicalJson({ a: undefined, b: [undefined, Number.NaN], c: new Date(0) })).toBe(
      '{"b":[null,null],"c":"1970-01-01T00:00:00.000Z"}',
    );
  });

  it('tells a key named __proto__ from none', () => {
    expect(canonicalJson(JSON.parse('{"__proto__":{"a":1}}'))).toBe('{"__proto__":{"a":1}}');
  });
});
