import { describe, expect, test } from 'vitest';
import {
  listFlag,
  numberFlag,
  pairsFlag,
  portFlag,
  switchFlag,
  textFlag,
  unsignedFlag,
} from '../../../src/cli/flags/flag.js';
import { parseFlags } from '../../../src/cli/flags/parse-flags.js';
import { UsageError } from '../../../src/cli/usage-error.js';

const flags = {
  deny: switchFlag('denies'),
  modifyIndex: unsignedFlag('index'),
  name: textFlag('name', 'string', 'nobody'),
  nodeMeta: pairsFlag('meta'),
  port: portFlag('port', 80),
  retries: numberFlag('retries'),
  tag: listFlag('tag'),
};

const messageOf = (normalized: readonly string[]): string => {
  try {
    parseFlags(normalized, flags);
  } catch (thrown) {
    expect(thrown).toBeInstanceOf(UsageError);
    return (thrown as UsageError).message;
  }
  return 'nothing was thrown';
};

describe('values', () => {
  test('a flag whose name starts with no- is one of its own', () => {
    const own = { noTraffic: switchFlag('sends nothing'), traffic: switchFlag('sends something') };
    expect(parseFlags(['--no-traffic=true'], own)).toEqual({
      values: { noTraffic: true, traffic: false },
      given: new Set(['noTraffic']),
    });
  });

  test('what is not given keeps its initial value', () => {
    expect(parseFlags([], flags)).toEqual({
      values: { deny: false, modifyIndex: 0n, name: 'nobody', nodeMeta: {}, port: 80, retries: 0, tag: [] },
      given: new Set(),
    });
  });

  test('each kind is read as what it is, and known to be given', () => {
    const argv = [
      '--deny=T',
      '--modify-index=18446744073709551615',
      '--node-meta=a=1',
      '--node-meta=b=x=y',
      '--tag=u',
      '--tag=v',
      '--retries=-3',
    ];
    const { values, given } = parseFlags(argv, flags);
    expect(values).toMatchObject({
      deny: true,
      modifyIndex: 18446744073709551615n,
      nodeMeta: { a: '1', b: 'x=y' },
      tag: ['u', 'v'],
      retries: -3,
    });
    expect([...given].sort()).toEqual(['deny', 'modifyIndex', 'nodeMeta', 'retries', 'tag']);
  });

  test('a switch can be turned off explicitly, and counts as given', () => {
    expect(parseFlags(['--deny=false'], flags)).toMatchObject({ values: { deny: false }, given: new Set(['deny']) });
  });

  test('an empty value is a value', () => {
    expect(parseFlags(['--name='], flags).values).toMatchObject({ name: '' });
  });
});

describe('what cannot be used is refused in the words of Go programs', () => {
  test.each([
    ['--modify-index=x', 'invalid value "x" for flag -modify-index: parse error'],
    ['--modify-index=18446744073709551616', 'invalid value "18446744073709551616" for flag -modify-index: parse error'],
    ['--deny=maybe', 'invalid boolean value "maybe" for -deny: parse error'],
    ['--node-meta=bad', 'invalid value "bad" for flag -node-meta: Missing "=" value in argument: bad'],
    ['--port=70000', 'invalid value "70000" for flag -port: must be a port number up to 65535'],
    ['--name', 'flag needs an argument: -name'],
    ['--nmae=x', 'flag provided but not defined: -nmae (did you mean -name?)'],
    ['--quite-different=1', 'flag provided but not defined: -quite-different'],
  ])('%s', (word, message) => {
    expect(messageOf([word])).toBe(message);
  });
});
