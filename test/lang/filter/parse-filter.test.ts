import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AppError } from '../../../src/core/index.js';
import { type FilterNode, parseFilter } from '../../../src/lang/filter/index.js';
import { printFilter } from './print-filter.js';

const name = fc.oneof(
  fc.stringMatching(/^[a-zA-Z][a-zA-Z0-9_]{0,6}$/),
  fc.constantFrom('not', 'in', 'is', 'and', 'or', 'empty'),
);
const anyText = fc.oneof(name, fc.string(), fc.constantFrom('', '1', '-2.5', 'a"b\\', 'x\ny', '`', '~/'));
const selector = fc.tuple(name, fc.array(anyText, { maxLength: 3 })).map(([first, rest]) => [first, ...rest]);
const match: fc.Arbitrary<FilterNode> = fc.oneof(
  fc.record({
    kind: fc.constant('match' as const),
    operator: fc.constantFrom('equal', 'notEqual', 'in', 'notIn', 'matches', 'notMatches'),
    selector,
    value: anyText,
  }),
  fc.record({ kind: fc.constant('match' as const), operator: fc.constantFrom('isEmpty', 'isNotEmpty'), selector }),
);
const tree: fc.Arbitrary<FilterNode> = fc.letrec<{ node: FilterNode }>((tie) => ({
  node: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    match,
    fc.record({ kind: fc.constant('not' as const), operand: tie('node') }),
    fc.record({
      kind: fc.constantFrom('and' as const, 'or' as const),
      operands: fc.array(tie('node'), { minLength: 2, maxLength: 4 }),
    }),
  ),
})).node;

/** `problem` is what follows the position. */
const refusals: readonly (readonly [string, string])[] = [
  ['Node ==', '1:8 (7): no match found, expected: a value'],
  ['Node == "a', '1:11 (10): rule "string": Unterminated string literal'],
  ['ServiceID not in "s1"', '1:18 (17): rule "match": Invalid selector'],
  ['', '1:1 (0): no match found, expected: a comparison'],
  ['Node', '1:5 (4): no match found, expected: one of "==", "!="'],
  ['Node = a', '1:6 (5): no match found, unexpected "="; compare with "==" or "!="'],
  ['Node == web-1', '1:12 (11): no match found, unexpected "-"; write such values in double quotes'],
  ['Node == 10.0.0.1', '1:13 (12): rule "number": Invalid number literal'],
  ['Node == a &&\nPort == 1', '1:11 (10): no match found, unexpected "&"'],
  ['Node == a and\n Port', '2:6 (19): no match found, expected: one of "=="'],
  ['Node == a )', '1:11 (10): no match found, expected: "and", "or" or the end'],
  ['Node == a and (Node == b', '1:15 (14): rule "grouping": Unmatched parentheses'],
  ['Tags is full', '1:9 (8): no match found, expected: "empty" or "not empty"'],
  ['Tags is not full', '1:13 (12): no match found, expected: "empty"'],
  ['Tags not is empty', '1:10 (9): no match found, expected: "in", "contains" or "matches"'],
  ['Tags[0] == a', '1:6 (5): rule "index": Invalid index'],
  ['Meta["v" == 1', '1:10 (9): rule "index": Unclosed index expression'],
  ['Meta.0 == 1', '1:6 (5): no match found, expected a letter after "."'],
  ['Node == "\\q"', '1:9 (8): rule "string": invalid syntax'],
  ['1 == Node', '1:1 (0): rule "match": Invalid selector'],
];

describe('the parser of filter expressions', () => {
  it('binds "or" weaker than "and", and that weaker than "not"', () => {
    expect(printFilter(parseFilter('not A == 1 and B == 2 or C == 3'))).toBe(
      printFilter(parseFilter('((not (A == 1)) and B == 2) or C == 3')),
    );
    expect(parseFilter('A == 1 or B == 2 and C == 3')).toMatchObject({
      kind: 'or',
      operands: [{ selector: ['A'] }, { kind: 'and', operands: [{ selector: ['B'] }, { selector: ['C'] }] }],
    });
  });

  it('takes "X contains v" for "v in X"', () => {
    expect(parseFilter('Tags contains blue')).toEqual(parseFilter('"blue" in Tags'));
    expect(parseFilter('Tags not contains blue')).toEqual(parseFilter('blue not in Tags'));
  });

  it('reads keywords as names and values where they can be nothing else', () => {
    expect(parseFilter('in == not')).toEqual({ kind: 'match', operator: 'equal', selector: ['in'], value: 'not' });
    expect(parseFilter('not == a')).toMatchObject({ selector: ['not'] });
    expect(parseFilter('contains contains contains')).toMatchObject({ operator: 'in', selector: ['contains'] });
  });

  it('reads keys in brackets, JSON pointers, escapes and raw text', () => {
    expect(parseFilter('Meta["a.b"][ `c` ].d == 1')).toMatchObject({ selector: ['Meta', 'a.b', 'c', 'd'] });
    expect(parseFilter('"/Meta/a~1b/~0c" == 1')).toMatchObject({ selector: ['Meta', 'a/b', '~c'] });
    expect(parseFilter('A == "\\"\\n\\u00e9\\x41\\101"')).toMatchObject({ value: '"\n\u00e9AA' });
    expect(parseFilter('A == `\\n`')).toMatchObject({ value: '\\n' });
  });

  it.each(refusals)('refuses %j with its position', (expression, problem) => {
    expect(() => parseFilter(expression)).toThrow(AppError);
    expect(() => parseFilter(expression)).toThrow(problem);
  });

  it('parses back every tree that it is given in print, in every style', () => {
    fc.assert(
      fc.property(tree, fc.nat(29), (node, style) => {
        const printed = printFilter(node, style);
        fc.pre(printed.length < 16_000);
        expect(parseFilter(printed)).toEqual(node);
      }),
    );
  });

  it.each([
    ['3,000 nested parentheses', `${'('.repeat(3000)}A == 1${')'.repeat(3000)}`],
    ['3,000 parentheses that never close', '('.repeat(3000)],
    ['3,000 times "not"', `${'not '.repeat(3000)}A == 1`],
    ['100,000 parentheses', '('.repeat(100_000)],
    ['an endless word', 'A'.repeat(1_000_000)],
    ['endless spaces', ' '.repeat(1_000_000)],
  ])('refuses %s at once', (_what, expression) => {
    expect(() => parseFilter(expression)).toThrow(AppError);
    const tries = [1, 2, 3].map(() => {
      const started = performance.now();
      outcome(expression);
      return performance.now() - started;
    });
    expect(Math.min(...tries)).toBeLessThan(50);
  });

  it('takes long flat expressions up to the limit', () => {
    const expression = Array.from({ length: 1600 }, () => 'A == 1').join(' or ');
    expect(parseFilter(expression)).toMatchObject({ kind: 'or' });
    expect(() => parseFilter(`${expression} or ${'A == 1 or '.repeat(100)}`)).toThrow('at most 16384 are allowed');
    expect(parseFilter(`${'('.repeat(100)}A == 1${')'.repeat(100)}`)).toMatchObject({ selector: ['A'] });
    expect(() => parseFilter(`${'('.repeat(101)}A == 1${')'.repeat(101)}`)).toThrow('nested deeper than 100 levels');
  });

  it('answers every text, whole or cut, with a tree or an invalidArgument', () => {
    const pieces = fc
      .array(
        fc.constantFrom(
          'A',
          ' ',
          '==',
          '!=',
          '"',
          '`',
          '(',
          ')',
          'not',
          'in',
          'is',
          'empty',
          '.',
          '[',
          ']',
          '1',
          '-',
          '\\',
          'and',
          'or',
        ),
      )
      .map((parts) => parts.join(''));
    const cut = fc.tuple(tree, fc.nat(29), fc.double({ min: 0, max: 1, noNaN: true })).map(([node, style, part]) => {
      const printed = printFilter(node, style);
      return printed.slice(0, Math.floor(printed.length * part));
    });
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), pieces, cut), (text) => {
        expect(outcome(text)).toMatch(/^(?:invalidArgument|tree)$/);
      }),
      { numRuns: 500 },
    );
  });
});

function outcome(text: string): string {
  try {
    parseFilter(text);
    return 'tree';
  } catch (thrown) {
    return thrown instanceof AppError ? thrown.code : String(thrown);
  }
}
