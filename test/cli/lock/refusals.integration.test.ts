import { describe, expect, test } from 'vitest';
import { besideFakeAgent } from '../support/beside-fake-agent.js';

const cli = besideFakeAgent();
const { meshwright } = cli;

describe('lock', () => {
  test.each([
    [['lock'], /Missing PREFIX/],
    [['lock', '/'], /Missing PREFIX/],
    [['lock', 'a'], /Missing COMMAND/],
    [['lock', '-n=0', 'a', 'true'], /-n must be at least 1/],
    [['lock', '-monitor-retry=-1', 'a', 'true'], /-monitor-retry/],
    [['lock', '-try=soon', 'a', 'true'], /duration/],
  ])('%j is refused before an agent is asked', async (argv, expected) => {
    const { code, err } = await meshwright(...argv);
    expect([code, err]).toEqual([1, expect.stringMatching(expected)]);
    expect(cli.seen).toEqual([]);
  });

  test('says why no session can be made', async () => {
    cli.answer = () => ({ status: 403, body: 'Permission denied' });
    const { code, err } = await meshwright('lock', 'a', 'true');
    expect([code, err]).toEqual([1, expect.stringContaining('Permission denied')]);
  });
});
