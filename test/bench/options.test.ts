import { describe, expect, it } from 'vitest';
import { HELP, readOptions } from './options.js';

describe('options of the bench', () => {
  it('are short runs of the usual parts when nothing is said', () => {
    expect(readOptions([])).toMatchObject({ full: false, proxies: [1000], acks: ['short'], rounds: undefined });
  });

  it('help when they are asked to, and name every option there', () => {
    expect(readOptions(['--help'])).toBe('help');
    expect(readOptions(['-h', '--full'])).toBe('help');
    const named = [
      'only',
      'full',
      'rounds',
      'json',
      'proxies',
      'acks',
      'changes',
      'requests',
      'parked',
      'records',
      'etcd',
    ];
    for (const option of named) expect(HELP).toContain(`--${option} `);
  });

  it.each([
    [['--nope'], "Unknown option '--nope'"],
    [['--only', 'xds,speed'], 'There is no part "speed"; there are start-up, xds, api, compile, etcd'],
    [['--acks', 'none'], 'There is no kind of ACK "none"; there are short, long'],
    [['--changes', 'all'], 'There is no kind of change "all"; there are endpoint, intention, wildcard, split'],
    [['--rounds', '0'], '--rounds takes whole numbers from 1 on, not "0"'],
    [['--proxies', '10,many'], '--proxies takes whole numbers from 1 on, not "many"'],
  ])('say in one sentence what is wrong with %j', (args, problem) => {
    expect(readOptions(args)).toEqual({ problem });
  });
});
