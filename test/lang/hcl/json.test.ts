import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AppError } from '../../../src/core/index.js';
import { configFormat, parseFirstJson, parseHclOrJson, parseJson } from '../../../src/lang/hcl/index.js';

const refusals: readonly (readonly [string, string])[] = [
  ['', 'line 1, column 1: expected a value, not the end of the text'],
  ['{"a": 1,}', 'line 1, column 8: a comma before "}" is not allowed in JSON; remove it'],
  ['[1,\n2,\n]', 'line 2, column 2: a comma before "]" is not allowed in JSON; remove it'],
  ['{"a": 1\n "b": 2}', 'line 2, column 2: expected "," or "}", not "\\""'],
  ['{"a" 1}', 'line 1, column 6: expected ":" after the name, not "1"'],
  ['{a: 1}', 'line 1, column 2: expected a name in double quotes, not "a"'],
  ['{"a": tru}', 'line 1, column 7: expected a value, not "tru"'],
  ['{"a": 01}', 'line 1, column 8: expected "," or "}", not "1"'],
  ['{"a": +1}', 'line 1, column 7: expected a value, not "+"'],
  ['{"a": 1} x', 'line 1, column 10: unexpected "x" after the end of the value'],
  ['{"é": "x', 'line 1, column 7: the text that starts here has no closing quote'],
  ['{"a": "x\ny"}', 'line 1, column 9: a control character in text must be written as an escape such as \\n'],
  ['{"a": "\\q"}', 'line 1, column 8: unknown escape in text'],
  ['{"a": 1 // c\n}', 'line 1, column 9: expected "," or "}", not "/"'],
  ['{"a": 1', 'line 1, column 8: expected "," or "}", not the end of the text'],
];

describe('the parser of JSON', () => {
  it.each(refusals)('refuses %j with line and column', (text, problem) => {
    expect(() => parseJson(text)).toThrow(AppError);
    expect(() => parseJson(text)).toThrow(problem);
    expect(() => parseJson(text, { filename: 'a.json' })).toThrow(/^a\.json, line /);
  });

  it('reads what JSON.stringify writes', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 5 }), fc.nat(4), (value, indent) => {
        const text = JSON.stringify(value, null, indent);
        expect(parseJson(text)).toEqual(JSON.parse(text));
      }),
    );
  });

  it('refuses exactly what JSON.parse refuses, with a position', () => {
    const damaged = fc
      .tuple(
        fc.json(),
        fc.nat(),
        fc.constantFrom('', '"', '{', '}', '[', ']', ',', ':', '\\', 'x', '-', '0', '.', '\n', '\u0001'),
        fc.nat(2),
      )
      .map(([text, at, piece, cut]) => {
        const position = at % (text.length + 1);
        return text.slice(0, position) + piece + text.slice(position + cut);
      });
    fc.assert(
      fc.property(fc.oneof(damaged, fc.string()), (text) => {
        expect(outcome(() => parseJson(text))).toBe(outcome(() => JSON.parse(text)));
      }),
      { numRuns: 1000 },
    );
  });

  it('refuses nesting deeper than 100 levels, but not brackets in text', () => {
    expect(parseJson(`${'['.repeat(100)}${']'.repeat(100)}`)).toBeDefined();
    expect(() => parseJson(`${'['.repeat(101)}${']'.repeat(101)}`)).toThrow(
      'line 1, column 101: the JSON is nested deeper',
    );
    expect(() => parseJson('{"a":'.repeat(100_000))).toThrow('nested deeper than 100 levels');
    expect(parseJson(JSON.stringify('[{"\\'.repeat(1000)))).toBe('[{"\\'.repeat(1000));
  });
});

describe('HCL or JSON', () => {
  it('is told by the first character that is not space', () => {
    expect(configFormat('\n\t {"a": 1}')).toBe('json');
    expect(configFormat('\uFEFF{}')).toBe('json');
    expect(configFormat('[1]')).toBe('json');
    expect(configFormat('a = {}')).toBe('hcl');
    expect(configFormat('# {\n')).toBe('hcl');
    expect(configFormat('')).toBe('hcl');
  });

  it('gives the same kind of values from both', () => {
    expect(parseHclOrJson('{"a": {"b": [1, null]}}')).toEqual({ a: { b: [1, null] } });
    expect(parseHclOrJson('a { b = [1] }')).toEqual({ a: [{ b: [1] }] });
    expect(parseHclOrJson('\uFEFF{"a": 1}')).toEqual({ a: 1 });
  });

  it('must be an object', () => {
    expect(() => parseHclOrJson(' [1]')).toThrow('line 1, column 2: expected an object in braces, not a list');
  });
});

/** `refused` for an AppError with a position as for a SyntaxError. */
function outcome(parse: () => unknown): string {
  try {
    return JSON.stringify(parse());
  } catch (thrown) {
    if (thrown instanceof AppError && /^line \d+, column \d+: (?!not valid JSON)/.test(thrown.message))
      return 'refused';
    return thrown instanceof SyntaxError ? 'refused' : String(thrown);
  }
}

describe('the first value of a text', () => {
  it.each([
    ['{"a": 1} x', { a: 1 }, '{"a": 1} '],
    ['{"a": 1}{"b": 2}', { a: 1 }, '{"a": 1}'],
    ['null\n]', null, 'null\n'],
    ['[1]', [1], '[1]'],
  ])('is all that is read of %j', (text, value, first) => {
    expect(parseFirstJson(text)).toEqual({ value, text: first });
  });

  it.each(['', 'x {}', '{"a" 1}', '{"a": 1'])('must be JSON: %j is not', (text) => {
    expect(() => parseFirstJson(text)).toThrow(AppError);
  });
});
