import { describe, expect, test } from 'vitest';
import { besideFakeAgent } from '../support/beside-fake-agent.js';

const cli = besideFakeAgent();
const { meshwright, lastRequest } = cli;

describe('event', () => {
  test('fires, with filters and a payload', async () => {
    cli.answer = () => ({ body: { ID: 'e1' } });
    expect(await meshwright('event', '-name=deploy/it', '-service=web', '-tag=v1', 'payload')).toEqual({
      code: 0,
      out: 'Event ID: e1\n',
      err: '',
    });
    expect(lastRequest()).toMatchObject({
      method: 'PUT',
      url: '/v1/event/fire/deploy%2Fit?service=web&tag=v1',
      body: 'payload',
    });
  });

  test('needs a name, and a service for a tag', async () => {
    expect(await meshwright('event', 'x')).toEqual({ code: 1, out: '', err: 'Error! Must specify -name\n' });
    expect((await meshwright('event', '-name=x', '-tag=a')).err).toContain('Cannot provide -tag without -service');
    expect(cli.seen).toEqual([]);
  });

  test('that is refused says why', async () => {
    cli.answer = () => ({ status: 400, body: 'Invalid node filter' });
    const { code, err } = await meshwright('event', '-name=x', '-node=(');
    expect([code, err]).toEqual([1, expect.stringContaining('Invalid node filter')]);
  });
});
