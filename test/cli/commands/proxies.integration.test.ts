import { describe, expect, test } from 'vitest';
import { besideFakeAgent } from '../support/beside-fake-agent.js';

const cli = besideFakeAgent();
const { meshwright, lastRequest } = cli;

describe('proxies', () => {
  const proxy = {
    Node: 'n1',
    ProxyID: 'web-sidecar-proxy',
    Service: 'web',
    Connected: true,
    Version: '1.40.0',
    Tested: true,
    Pending: false,
    AcceptedIndex: 42,
    Refused: 1,
  };

  test('list', async () => {
    cli.answer = () => ({
      body: [proxy, { ...proxy, ProxyID: 'old', Connected: false, Version: '1.33.0', Tested: false, Pending: true }],
    });
    expect((await meshwright('proxies')).out).toBe(
      `Node  Proxy              Service  State      Envoy              Configuration  Refused  Index
n1    web-sidecar-proxy  web      connected  1.40.0             current        1        42
n1    old                web      away       1.33.0 (untested)  pending        1        42
`,
    );
  });

  test('read finds the node, and shows what was refused and why', async () => {
    const resources = [
      { Type: 'cluster', Name: 'api', Progress: 'current', Entries: ['service-resolver/api'] },
      {
        Type: 'listener',
        Name: 'api:127.0.0.1:9191',
        Progress: 'refused',
        Entries: [],
        Refusal: { Error: 'no such filter' },
      },
    ];
    cli.answer = ({ path }) => ({
      body: path === '/v1/mesh/proxies' ? [proxy] : { ...proxy, Resources: resources, Problems: ['a problem'] },
    });
    const { out } = await meshwright('proxies', 'read', 'web-sidecar-proxy');
    expect(lastRequest()?.path).toBe('/v1/mesh/proxies/n1/web-sidecar-proxy');
    expect(out).toContain('Problem: a problem\n');
    expect(out).toContain('cluster   api                 current  service-resolver/api\n');
    expect(out).toContain('listener api:127.0.0.1:9191 was refused: no such filter\n');
  });
});
