import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type FakeAgent, startFakeAgent } from '../support/fake-agent.js';
import { run } from '../support/run.js';

let agent: FakeAgent;
let checks: object;

beforeEach(async () => {
  checks = {};
  agent = await startFakeAgent((request) =>
    request.method === 'GET' ? { body: JSON.stringify(checks) } : { status: 200, body: '' },
  );
});
afterEach(() => agent.close());

const maint = (...flags: readonly string[]) => run(['maint', ...flags], { env: { CONSUL_HTTP_ADDR: agent.address } });

describe('maint', () => {
  test('begins and ends maintenance of the node', async () => {
    expect(await maint('-enable', '-reason=new disk')).toMatchObject({
      code: 0,
      out: 'Node maintenance is now enabled\n',
    });
    expect(agent.seen.at(-1)).toMatchObject({
      method: 'PUT',
      url: expect.stringMatching(/^\/v1\/agent\/maintenance\?enable=true&reason=new(?:%20|\+)disk$/),
    });
    expect(await maint('-disable')).toMatchObject({ code: 0, out: 'Node maintenance is now disabled\n' });
  });

  test('of one service names it, whatever its ID', async () => {
    expect(await maint('-enable', '-service=web/1')).toMatchObject({
      code: 0,
      out: 'Service maintenance is now enabled for "web/1"\n',
    });
    expect(agent.seen.at(-1)).toMatchObject({ url: '/v1/agent/service/maintenance/web%2F1?enable=true' });
  });

  test('without flags lists what is in maintenance', async () => {
    checks = {
      _node_maintenance: { CheckID: '_node_maintenance', Node: 'n1', Notes: 'disk', ServiceID: '' },
      other: { CheckID: 'other', Node: 'n1', Notes: '', ServiceID: 'web' },
      '_service_maintenance:web': { CheckID: '_service_maintenance:web', Node: 'n1', Notes: 'new', ServiceID: 'web' },
    };
    expect((await maint()).out).toBe('Node:\n  Name:   n1\n  Reason: disk\n\nService:\n  ID:     web\n  Reason: new\n');
  });

  test.each([
    [['-enable', '-disable'], 'Only one of -enable or -disable'],
    [['-reason=x'], 'Reason may only be provided with -enable'],
    [['-service=x'], '-service requires -enable or -disable'],
  ])('%j is refused', async (flags, reason) => {
    expect(await maint(...flags)).toMatchObject({ code: 1, err: expect.stringContaining(reason) });
    expect(agent.seen).toEqual([]);
  });
});
