import { describe, expect, test } from 'vitest';
import { besideFakeAgent } from '../support/beside-fake-agent.js';

const cli = besideFakeAgent();
const { meshwright, lastRequest, sentBody } = cli;

describe('connect expose', () => {
  const entry = {
    Kind: 'ingress-gateway',
    Name: 'edge',
    Listeners: [
      { Port: 80, Protocol: 'http', Services: [{ Name: 'api', Hosts: ['api.example'] }] },
      { Port: 90, Protocol: 'tcp', Services: [{ Name: 'db' }] },
    ],
    ModifyIndex: 7,
  };
  const expose = (...more: readonly string[]) =>
    meshwright('connect', 'expose', '-service=web', '-ingress-gateway=edge', ...more);

  test('adds the service to its port, keeps all else, and allows the gateway to call it', async () => {
    cli.answer = ({ method }) => ({ body: method === 'GET' ? JSON.stringify(entry) : 'true' });
    expect((await expose('-port=80', '-protocol=http', '-host=web.example')).code).toBe(0);
    const write = cli.seen.find(({ url }) => url === '/v1/config?cas=7');
    expect(JSON.parse(write?.body ?? 'null')).toMatchObject({
      Listeners: [
        {
          Port: 80,
          Services: [
            { Name: 'api', Hosts: ['api.example'] },
            { Name: 'web', Hosts: ['web.example'] },
          ],
        },
        { Port: 90, Services: [{ Name: 'db' }] },
      ],
    });
    expect(lastRequest()).toMatchObject({
      method: 'PUT',
      url: '/v1/connect/intentions/exact?source=edge&destination=web',
    });
    expect(sentBody()).toMatchObject({ Action: 'allow' });
  });

  test('does not write what contradicts the port, nor over what somebody else changed', async () => {
    cli.answer = ({ method }) => ({ body: method === 'GET' ? JSON.stringify(entry) : 'false' });
    expect((await expose('-port=90', '-protocol=http')).err).toContain('conflicting protocol "tcp"');
    expect((await expose('-port=91')).err).toContain('somebody else changed it');
  });
});
