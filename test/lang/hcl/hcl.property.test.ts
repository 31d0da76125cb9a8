import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { AppError } from '../../../src/core/index.js';
import { parseHcl, parseHclOrJson } from '../../../src/lang/hcl/index.js';
import { expectedObject, type Pick, type Printable, printItems } from './print-hcl.js';

const text = fc.oneof(
  fc.string(),
  fc.string({ unit: 'grapheme' }),
  fc.constantFrom('', '${a "b" {}}', 'x\n', ' x\n\ty\n', 'EOT\n', '\r\n', '\\', '"', '\0'),
);
const number = fc.oneof(fc.maxSafeInteger(), fc.integer(), fc.double({ noNaN: true, noDefaultInfinity: true }));
const name = fc.oneof(fc.stringMatching(/^[a-zA-Z_][\w.-]{0,8}$/), text, fc.constantFrom('true', '__proto__x', 'ä'));
const tree = fc.letrec<{ value: Printable; object: { [key: string]: Printable } }>((tie) => ({
  value: fc.oneof({ maxDepth: 4 }, text, number, fc.boolean(), fc.array(tie('value'), { maxLength: 4 }), tie('object')),
  object: fc.dictionary(name, tie('value'), { maxKeys: 4, noNullPrototype: true }),
})).object;

/** Choices taken in turn from a list of numbers. */
function pickFrom(choices: readonly number[]): Pick {
  let at = 0;
  return (...options) => {
    const choice = choices[at++ % choices.length] ?? 0;
    const chosen = options[choice % options.length];
    if (chosen === undefined) throw new Error('nothing to pick from');
    return chosen;
  };
}

function outcome(source: string): string {
  try {
    return typeof parseHclOrJson(source);
  } catch (thrown) {
    return thrown instanceof AppError ? thrown.code : String(thrown);
  }
}

describe('HCL1, any text', () => {
  it('reads back every value that was printed, in every style', () => {
    fc.assert(
      fc.property(tree, fc.array(fc.nat(20), { minLength: 1, maxLength: 30 }), (value, choices) => {
        expect(parseHcl(printItems(value, pickFrom(choices)))).toEqual(expectedObject(value));
      }),
      { numRuns: 500 },
    );
  });

  it('answers every printed text that was cut or damaged with a value or a refusal', () => {
    fc.assert(
      fc.property(
        tree,
        fc.array(fc.nat(20), { minLength: 1 }),
        fc.nat(),
        fc.nat(3),
        fc.string(),
        (value, choices, at, cut, piece) => {
          const printed = printItems(value, pickFrom(choices));
          const position = at % (printed.length + 1);
          for (const source of [
            printed.slice(0, position),
            printed.slice(0, position) + piece + printed.slice(position + cut),
          ]) {
            expect(outcome(source)).toMatch(/^(?:object|invalidArgument)$/);
          }
        },
      ),
    );
  });

  it('answers random characters with a value or a refusal', () => {
    const pieces = fc
      .array(
        fc.constantFrom(
          'a',
          ' ',
          '=',
          '{',
          '}',
          '[',
          ']',
          ',',
          '"',
          '$',
          '\\',
          '\n',
          '<<',
          '-',
          'EOT',
          '#',
          '/',
          '*',
          '0',
          'x',
          '.',
          'e',
          'true',
        ),
      )
      .map((parts) => parts.join(''));
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary' }), pieces), (source) => {
        expect(outcome(source)).toMatch(/^(?:object|invalidArgument)$/);
      }),
      { numRuns: 1000 },
    );
  });
});

const size = 1_000_000;
const hostile: readonly (readonly [string, string, string])[] = [
  ['blocks nested 100,000 deep', 'a{'.repeat(100_000), 'invalidArgument'],
  ['lists nested 100,000 deep', `a=${'['.repeat(100_000)}`, 'invalidArgument'],
  ['lists and objects nested 100,000 deep', `a=${'[{b='.repeat(100_000)}`, 'invalidArgument'],
  ['100,000 labels', `a ${'"x" '.repeat(100_000)}{}`, 'invalidArgument'],
  ['a long name', `${'a'.repeat(size)} = 1`, 'object'],
  ['a long name without value', 'a'.repeat(size), 'invalidArgument'],
  ['a long text', `a = "${'x'.repeat(size)}"`, 'object'],
  ['a long text without end', `a = "${'x'.repeat(size)}`, 'invalidArgument'],
  ['a text of escapes', `a = "${'\\n'.repeat(size / 2)}"`, 'object'],
  ['templates that never end', `a = "${'${'.repeat(size / 2)}`, 'invalidArgument'],
  ['a long number', `a = ${'9'.repeat(size)}`, 'invalidArgument'],
  ['a long fraction', `a = 0.${'1'.repeat(size)}`, 'invalidArgument'],
  ['a heredoc of many lines', `a = <<-E\n${'  \n'.repeat(size / 4)}  E\n`, 'object'],
  ['a heredoc without end', `a = <<E\n${' E \n'.repeat(size / 4)}`, 'invalidArgument'],
  ['a heredoc with a long word', `a = <<${'E'.repeat(size)}`, 'invalidArgument'],
  ['a long comment', `/*${'*'.repeat(size)}`, 'invalidArgument'],
  ['many short comments', '/**/'.repeat(size / 4), 'object'],
  ['many names', Array.from({ length: 100_000 }, (_, position) => `a${position}=1`).join('\n'), 'object'],
  ['one block many times', 'a{}'.repeat(100_000), 'object'],
  ['many commas', `a=[${','.repeat(size)}]`, 'object'],
  ['deep JSON', '{"a":'.repeat(200_000), 'invalidArgument'],
  ['JSON text without end', `{"a":"${'x'.repeat(size)}`, 'invalidArgument'],
  ['JSON of backslashes', `{"a":"${'\\'.repeat(size)}`, 'invalidArgument'],
  ['JSON with a long word', `{"a":${'x'.repeat(size)}`, 'invalidArgument'],
  ['more than 8 Mi characters', ' '.repeat(8 * 1024 * 1024 + 1), 'tooLarge'],
  ['more than 8 Mi characters of JSON', `{${' '.repeat(8 * 1024 * 1024)}}`, 'tooLarge'],
];

describe('HCL1, hostile text', () => {
  it.each(hostile)('%s is answered in bounded time', (_what, source, expected) => {
    const started = performance.now();
    expect(outcome(source)).toBe(expected);
    expect(performance.now() - started).toBeLessThan(2000);
  });

  it('keeps error messages short whatever the text', () => {
    for (const [, source] of hostile.filter(([, , expected]) => expected !== 'object')) {
      expect(() => parseHclOrJson(source)).toThrow(/^.{10,250}$/s);
    }
  });
});
