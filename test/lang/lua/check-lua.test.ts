import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkLua } from '../../../src/lang/lua/index.js';
import judged from './judged-by-envoy.json' with { type: 'json' };

/** Scripts, and whether Envoy 1.40 refused them for their syntax (`envoy --mode validate`). */
const scripts = judged as [script: string, isRefused: boolean][];

/** Wrong by rules of LuaJIT that are no grammar: left to the Envoy. */
const BEYOND_GRAMMAR = 16;

describe('a script', () => {
  it('passes when a real Envoy takes it', () => {
    const taken = scripts.filter(([, isRefused]) => !isRefused).map(([script]) => script);
    expect(taken.length).toBeGreaterThan(100);
    expect(taken.filter((script) => checkLua(script) !== undefined)).toEqual([]);
  });

  it('is refused when a real Envoy refuses its grammar', () => {
    const refused = scripts.filter(([, isRefused]) => isRefused).map(([script]) => script);
    expect(refused.length).toBeGreaterThan(100);
    expect(refused.filter((script) => checkLua(script) === undefined).length).toBeLessThanOrEqual(BEYOND_GRAMMAR);
  });

  it.each([
    ['function f(handle)\n  handle:headers():add("x", "y"\nend', "line 3: ')' expected near 'end'"],
    ['local x = 42LL + 0b11\nx =', "line 2: <expression> expected near '<eof>'"],
    ['x = "\\u{48}"\n\ny = "open', 'line 3: unfinished string'],
    ['#!/usr/bin/lua\nif x then', "line 2: 'end' expected near '<eof>'"],
    ['goto away', 'line 1: no visible label'],
    ['break', 'line 1: '],
    ['x = \u0007', 'line 1: unexpected symbol'],
    ['a\0b', 'must not contain NUL'],
  ])('%j: %s', (script, sentence) => expect(checkLua(script)).toContain(sentence));

  it('of any kind is judged in time that grows with its length, and in few words', () => {
    const pieces = [
      '(',
      '[[',
      '[=',
      '{',
      'x="',
      '--[[',
      'f(',
      'a=',
      '0x',
      '"\\',
      "'\\",
      '- ',
      'do ',
      'a.',
      '::a::',
      '..',
      '1.',
    ];
    for (const piece of pieces) {
      const startedAtMs = performance.now();
      const problem = checkLua(piece.repeat(65_536 / piece.length)) ?? '';
      expect(performance.now() - startedAtMs, piece).toBeLessThan(2_000);
      expect(problem.length, piece).toBeLessThan(200);
      expect(problem, piece).not.toMatch(/\p{Cc}/u);
    }
  });

  it('never makes the check itself fail', () => {
    const token = fc.constantFrom(
      '"',
      "'",
      '[[',
      ']]',
      '[=[',
      '--',
      '\\',
      '\n',
      '\r',
      '0x',
      '1e',
      'LL',
      '..',
      '.',
      'x',
      'end',
      '(',
      '\\u{',
      '}',
    );
    fc.assert(
      fc.property(fc.array(fc.oneof(token, fc.string()), { maxLength: 40 }), (tokens) => {
        expect(['string', 'undefined']).toContain(typeof checkLua(tokens.join('')));
      }),
    );
  });
});
