import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { type FakeAgent, startFakeAgent } from '../support/fake-agent.js';
import { run } from '../support/run.js';

let envoy: FakeAgent;
let certificateExpires: string;
let dbHealth: string;
let rejected: number;

const tcp = (cluster: string) => ({ filters: [{ typed_config: { cluster } }] });
const DUMP = {
  configs: [
    {
      dynamic_active_clusters: [{ cluster: { name: 'db.default.dc1.internal.x' } }, { cluster: { name: 'local_app' } }],
    },
    {
      dynamic_listeners: [
        { active_state: { listener: { name: 'public_listener:0.0.0.0:20000', filter_chains: [tcp('local_app')] } } },
        {
          active_state: { listener: { name: 'db:127.0.0.1:5000', filter_chains: [tcp('db.default.dc1.internal.x')] } },
        },
        {
          active_state: {
            listener: { name: 'lost:127.0.0.1:5001', filter_chains: [tcp('gone.default.dc1.internal.x')] },
          },
        },
        {
          active_state: {
            listener: {
              name: 'outbound_listener:127.0.0.1:15001',
              filter_chains: [
                {
                  ...tcp('db.default.dc1.internal.x'),
                  filter_chain_match: { prefix_ranges: [{ address_prefix: '240.0.0.3', prefix_len: 32 }] },
                },
                tcp('original-destination'),
              ],
            },
          },
        },
      ],
    },
  ],
};

beforeEach(async () => {
  certificateExpires = new Date(Date.now() + 3_600_000).toISOString();
  dbHealth = 'HEALTHY';
  rejected = 0;
  envoy = await startFakeAgent(({ path }) => {
    const host = { health_status: { eds_health_status: dbHealth } };
    if (path === '/config_dump') return { body: DUMP };
    if (path === '/clusters')
      return { body: { cluster_statuses: [{ name: 'db.default.dc1.internal.x', host_statuses: [host] }] } };
    if (path === '/certs')
      return {
        body: {
          certificates: [{ cert_chain: [{ valid_from: '2020-01-01T00:00:00Z', expiration_time: certificateExpires }] }],
        },
      };
    return { body: { stats: [{ name: 'listener_manager.lds.update_rejected', value: rejected }] } };
  });
});
afterEach(() => envoy.close());

const troubleshoot = (...argv: readonly string[]) =>
  run(['troubleshoot', ...argv, '-envoy-admin-endpoint', envoy.address]);

describe('troubleshoot upstreams', () => {
  test('lists those with a listener and those with addresses', async () => {
    const { code, out } = await troubleshoot('upstreams');
    expect(code).toBe(0);
    expect(out).toBe(
      '==> Upstreams (explicit upstreams only) (2)\ndb\nlost\n\n==> Upstream IPs (transparent proxy only) (1)\n[240.0.0.3]  db.default.dc1.internal.x\n',
    );
  });

  test('says when there is no Envoy', async () => {
    const { code, err } = await run(['troubleshoot', 'upstreams', '-envoy-admin-endpoint', '127.0.0.1:9']);
    expect([code, err]).toEqual([1, expect.stringContaining('cannot read the Envoy at 127.0.0.1:9')]);
  });
});

describe('troubleshoot proxy', () => {
  test.each([['-upstream-envoy-id=db'], ['-upstream-ip=240.0.0.3']])('finds nothing wrong with %s', async (flag) => {
    const { code, out } = await troubleshoot('proxy', flag);
    expect(out).not.toContain('!');
    expect([code, out]).toEqual([
      0,
      expect.stringContaining('Healthy endpoints for cluster "db.default.dc1.internal.x" found (1 of 1)'),
    ]);
  });

  test('names what is wrong, and what to do', async () => {
    certificateExpires = '2021-01-01T00:00:00Z';
    dbHealth = 'UNHEALTHY';
    rejected = 2;
    const { code, out } = await troubleshoot('proxy', '-upstream-envoy-id=db');
    expect(code).toBe(1);
    expect(out).toMatch(/! Certificates are missing or not valid now\n {3}->/);
    expect(out).toMatch(/! Envoy has 2 rejected configurations\n {3}->/);
    expect(out).toMatch(/! No healthy endpoints for cluster/);
  });

  test('knows upstreams without a cluster, and none at all', async () => {
    expect((await troubleshoot('proxy', '-upstream-envoy-id=lost')).out).toContain('! No cluster for upstream "lost"');
    expect((await troubleshoot('proxy', '-upstream-envoy-id=none')).out).toContain('! No listener for upstream "none"');
    expect((await troubleshoot('proxy')).code).toBe(1);
  });
});

describe('troubleshoot ports', () => {
  test('tells open ports from closed ones', async () => {
    const server = createServer((socket) => socket.destroy());
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void server.close());
    const { port } = server.address() as AddressInfo;
    const { code, out } = await run(['troubleshoot', 'ports', '-host', '127.0.0.1', '-ports', `${port},9`]);
    expect([code, out]).toEqual([
      0,
      `TCP: Port ${port} on 127.0.0.1 is open.\nTCP: Port 9 on 127.0.0.1 is closed, unreachable or the connection timed out.\n`,
    ]);
    expect((await run(['troubleshoot', 'ports', '-host', '127.0.0.1', '-ports', '9'])).code).toBe(1);
    expect((await run(['troubleshoot', 'ports', '-host', 'x', '-ports', '0'])).err).toContain('-ports');
  });
});
