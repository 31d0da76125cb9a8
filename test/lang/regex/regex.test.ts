import { RE2JS } from 're2js';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AppError } from '../../../src/core/index.js';
import { checkRegex, compileRegex, MAX_PATTERN_LENGTH } from '../../../src/lang/regex/index.js';
import { expandedSize } from '../../../src/lang/regex/expanded-size.js';

/** What Go's regexp package says about each. */
const refusals: readonly (readonly [string, string])[] = [
  ['(', 'error parsing regexp: missing closing ): `(`'],
  ['[', 'error parsing regexp: missing closing ]: `[`'],
  ['(?=a)', 'error parsing regexp: invalid or unsupported Perl syntax: `(?=`'],
  ['(a)\\1', 'error parsing regexp: invalid escape sequence: `\\1`'],
  ['a{1001}', 'error parsing regexp: invalid repeat count: `{1001}`'],
  ['a**', 'error parsing regexp: invalid nested repetition operator: `**`'],
  ['[z-a]', 'error parsing regexp: invalid character class range: `z-a`'],
  ['\\', 'error parsing regexp: trailing backslash at end of expression'],
  [')', 'error parsing regexp: unexpected ): `)`'],
];

describe('user regular expressions', () => {
  it.each(refusals)('refuse %s with the words of Go', (pattern, problem) => {
    expect(checkRegex(pattern)).toBe(problem);
    expect(() => compileRegex(pattern)).toThrow(new AppError('invalidArgument', problem));
  });

  it('accept what routes and filters need', () => {
    for (const pattern of [
      '',
      '^/v[0-9]+/.*$',
      '(?i)web|api',
      '\\d{3}',
      '^[a-z0-9-]{1,63}$',
      '[]a]',
      '\\pL+',
      '[[:alpha:]]',
    ]) {
      expect(checkRegex(pattern)).toBeUndefined();
    }
  });

  it('match anywhere in the subject unless anchored', () => {
    expect(compileRegex('b+').test('abbc')).toBe(true);
    expect(compileRegex('^b').test('abbc')).toBe(false);
    expect(compileRegex('^é.$').test('éa')).toBe(true);
  });

  it('match the whole subject when asked to, whatever the alternatives', () => {
    expect(compileRegex('a|ab').testWhole('ab')).toBe(true);
    expect(compileRegex('/v1|/v2').testWhole('/v1/x')).toBe(false);
    expect(compileRegex('\\Qa.b').testWhole('a.b')).toBe(true);
    expect(compileRegex('a').testWhole('a\n')).toBe(false);
    expect(() => compileRegex('a*').testWhole('a'.repeat(100_000))).toThrow(AppError);
  });

  it('give the groups of the first match, empty where a group takes no part', () => {
    expect(compileRegex('^db-(.*?)-([^-]+)(x)?$').groups('db-a-b')).toEqual(['db-a-b', 'a', 'b', '']);
    expect(compileRegex('^db-').groups('web')).toBeUndefined();
    expect(() => compileRegex('(a*)').groups('a'.repeat(100_000))).toThrow(AppError);
  });

  it('refuse a pattern that is too long, by its length', () => {
    expect(checkRegex('a'.repeat(MAX_PATTERN_LENGTH))).toBeUndefined();
    expect(checkRegex('a'.repeat(MAX_PATTERN_LENGTH + 1))).toContain(`longer than ${MAX_PATTERN_LENGTH}`);
  });

  it.each([
    'x{1000}'.repeat(300),
    '(a{1,30}){1,30}'.repeat(100),
    '\\pL{1000}'.repeat(20),
    '((x{9}){9}){9}'.repeat(30),
    '([)]x{500}){100}',
  ])('refuse %s before compiling it', (pattern) => {
    const before = process.cpuUsage();
    expect(checkRegex(pattern)).toBeDefined();
    expect(process.cpuUsage(before).user / 1000).toBeLessThan(200);
  });

  it('refuse deep nesting without exhausting the stack', () => {
    expect(checkRegex('('.repeat(2000) + ')'.repeat(2000))).toBe('error parsing regexp: expression nests too deeply');
  });

  it('keep patterns for Envoy that are too large to be run here', () => {
    const pattern = '(a|b|c|d){1,1000}$';
    expect(checkRegex(pattern)).toBeUndefined();
    expect(() => compileRegex(pattern)).toThrow('expression too large');
  });

  it('refuse a subject that would take too long, and say which pattern it was', () => {
    expect(() => compileRegex('^a+$').test('a'.repeat(100_000))).toThrow(
      /"\^a\+\$" cannot be matched against 100000 characters/,
    );
    expect(compileRegex('^a+$').test('a'.repeat(16_000))).toBe(true);
    expect(() => compileRegex('(a|b){1,200}$').test('ab'.repeat(2000))).toThrow(AppError);
  });

  it('take bounded time for patterns that blow up elsewhere', () => {
    const started = performance.now();
    for (const pattern of ['(x+x+)+y', '(a|aa)+$', '(.*)(.*)(.*)(.*)z', '^(([a-z])+.)+[A-Z]([a-z])+$']) {
      expect(compileRegex(pattern).test('xa'.repeat(4000))).toBe(pattern === '(a|aa)+$');
    }
    expect(performance.now() - started).toBeLessThan(2000);
  });

  it('answer every text with a problem or a matcher', () => {
    const syntax = fc.array(
      fc.constantFrom('(', ')', '[', ']', '{', '}', '1', ',', 'a', '|', '*', '\\', '?', '^', ':', 'Q', 'P', '<', 'E'),
    );
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ unit: 'binary' }),
          syntax.map((parts) => parts.join('')),
        ),
        (pattern) => {
          const problem = checkRegex(pattern);
          const outcome = problem ?? (compileRegex(pattern).test(pattern) ? 'matches' : 'does not match');
          expect(outcome).toMatch(/^error parsing regexp: |^matches$|^does not match$/);
        },
      ),
    );
  });

  it('never estimate a pattern much smaller than its program is', () => {
    const atom = fc.constantFrom(
      'a',
      '.',
      '[^)]',
      '[]{9}]',
      '\\)',
      '[[:alpha:]]',
      '\\pL',
      '(?:ab)',
      '(x|y)',
      '\\Q(\\E',
    );
    const part = fc
      .tuple(atom, fc.constantFrom('', '', '{3}', '{2,7}', '{5,}', '*', '+?'), fc.constantFrom('', '{4}'))
      .map(([text, inner, outer]) => (outer === '' ? text + inner : `(${text}${inner})${outer}`));
    fc.assert(
      fc.property(fc.array(part, { maxLength: 12 }), (parts) => {
        const pattern = parts.join('');
        expect(RE2JS.compile(pattern).programSize()).toBeLessThanOrEqual(4 * expandedSize(pattern) + 4);
      }),
    );
  });
});
