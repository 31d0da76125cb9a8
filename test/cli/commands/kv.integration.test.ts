import { describe, expect, test } from 'vitest';
import { besideFakeAgent } from '../support/beside-fake-agent.js';

const cli = besideFakeAgent();
const { meshwright, lastRequest } = cli;

describe('kv list', () => {
  test('prints the keys', async () => {
    cli.answer = () => ({ body: ['a', 'b/c'] });
    expect((await meshwright('kv', 'list')).out).toBe('a\nb/c\n');
    expect(lastRequest()?.url).toBe('/v1/kv/?keys');
  });
});
