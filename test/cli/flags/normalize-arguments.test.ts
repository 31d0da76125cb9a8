import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type FlagArity, normalizeArguments } from '../../../src/cli/flags/normalize-arguments.js';

const known: Readonly<Record<string, FlagArity>> = {
  'http-addr': 'value',
  name: 'value',
  deny: 'switch',
  cas: 'switch',
};
const normalize = (argv: readonly string[], options = {}) => normalizeArguments(argv, (name) => known[name], options);

describe('one form for all spellings', () => {
  test.each([
    [['-http-addr=x'], ['--http-addr=x']],
    [['-http-addr', 'x'], ['--http-addr=x']],
    [['--http-addr', 'x'], ['--http-addr=x']],
    [['--http-addr=x'], ['--http-addr=x']],
    [['-deny'], ['--deny=true']],
    [['--deny'], ['--deny=true']],
    [['-deny=false'], ['--deny=false']],
    [['-name='], ['--name=']],
    [['-name', '-deny'], ['--name=-deny']],
  ])('%j becomes %j', (argv, flags) => {
    expect(normalize(argv)).toEqual({ flags, args: [], rest: [], wantsHelp: false });
  });

  test('a switch does not take the word behind it', () => {
    expect(normalize(['-deny', 'web', 'api'])).toMatchObject({ flags: ['--deny=true'], args: ['web', 'api'] });
  });

  test('known flags are found behind positional arguments', () => {
    expect(normalize(['web', 'api', '-deny'])).toMatchObject({ flags: ['--deny=true'], args: ['web', 'api'] });
  });

  test('with flagsFirst everything from the first positional argument on is data', () => {
    expect(normalize(['-cas', 'key', '-deny'], { flagsFirst: true })).toMatchObject({
      flags: ['--cas=true'],
      args: ['key', '-deny'],
    });
  });

  test('a lone dash and negative numbers are arguments', () => {
    expect(normalize(['-', '-5'])).toMatchObject({ flags: [], args: ['-', '-5'] });
  });

  test('what stands behind two dashes is left alone', () => {
    expect(normalize(['-name', 'x', '--', '-l', 'debug', '--'])).toMatchObject({
      flags: ['--name=x'],
      rest: ['-l', 'debug', '--'],
    });
  });

  test.each(['-h', '-help', '--help'])('%s asks for help', (word) => {
    expect(normalize(['web', word]).wantsHelp).toBe(true);
  });

  test('a value flag at the end stands without value, to be complained about', () => {
    expect(normalize(['-name']).flags).toEqual(['--name']);
  });

  test('no word is lost or made up, whatever is typed', () => {
    const word = fc.oneof(
      fc.constantFrom('-', '--', '-deny', '--name', '-name=x', '-cas=false', 'web', '-5', '-odd'),
      fc.string(),
    );
    fc.assert(
      fc.property(fc.array(word, { maxLength: 8 }), (argv) => {
        const { flags, args, rest, wantsHelp } = normalize(argv);
        const separators = argv.includes('--') ? 1 : 0;
        const joined = flags.filter((flag) => /^--(?:name|http-addr)=/.test(flag)).length;
        const asHelp = wantsHelp ? argv.length : 0;
        const least = argv.length - separators - joined - asHelp;
        expect(flags.length + args.length + rest.length).toBeGreaterThanOrEqual(least);
        expect(flags.length + args.length + rest.length).toBeLessThanOrEqual(argv.length);
      }),
    );
  });
});
