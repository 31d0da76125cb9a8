import { text } from 'node:stream/consumers';
import { filter, firstValueFrom } from 'rxjs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadAgentConfig } from '../../src/agent/config/index.js';
import type { ServerLink } from '../../src/cluster/index.js';
import { createLogging } from '../../src/telemetry/index.js';
import { type RunningServer, startServer } from '../../src/server/start-server.js';
import { loadEnvoyApi } from '../../src/xds/envoy-api/index.js';
import { closeAll, KEY, openLink } from '../cluster/support/cluster-rig.js';

const CLUSTERS = 'type.googleapis.com/envoy.config.cluster.v3.Cluster';

describe('a server serves what client agents relay', () => {
  let server: RunningServer;
  let link: ServerLink;

  beforeAll(async () => {
    const ports = ['http', 'dns', 'grpc', 'server', 'serf-lan'].flatMap((name) => [`-${name}-port`, '0']);
    const hcl = `encrypt = "${KEY}" http_config { block_endpoints = ["/v1/kv"] allow_write_http_from = ["10.9.9.9/32"] }`;
    const argv = ['-dev', '-node', 's1', ...ports, '-grpc-tls-port', '-1', '-hcl', hcl];
    const control = { reload: () => Promise.resolve(), leave: () => Promise.resolve() };
    const logging = createLogging({ level: 'error', json: false, targets: [] });
    server = await startServer(loadAgentConfig(argv, 'host').config, logging, control);
    await server.serving;
    link = openLink('web', [`127.0.0.1:${server.ports.server}`]);
    await firstValueFrom(link.state$.pipe(filter(({ kind }) => kind === 'joined')));
  });
  afterAll(async () => {
    await closeAll();
    await server.stop();
  });

  const call = async (method: string, path: string, body?: unknown): Promise<string> => {
    const sent = body === undefined ? {} : { body: Buffer.from(JSON.stringify(body)) };
    const answer = await link.request({ method, path, headers: {}, ...sent });
    return `${answer.status} ${await text(answer.body)}`;
  };

  it('requests to the HTTP API, whatever its own clients may do', async () => {
    expect(await call('PUT', '/v1/kv/a', 1)).toBe('200 true');
    expect(await call('GET', '/v1/kv/a?raw')).toBe('200 1');
    expect(await call('GET', '/v1/agent/members')).toMatch(/^200 \[[^]*"s1"[^]*"web"/);
  });

  it.each(['GET /v1/agent/self', 'GET /v1/agent/metrics', 'PUT /v1/agent/leave', 'PUT /v1/agent/service/register'])(
    'nothing that is about its own agent: %s',
    async (what) => {
      const [method = '', path = ''] = what.split(' ');
      expect(await call(method, path)).toMatch(/^404 /);
    },
  );

  it('DNS messages', async () => {
    const name = Buffer.from('web');
    const question = Buffer.concat([
      Buffer.from([0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 3]),
      name,
      Buffer.from('\u0004node\u0006consul\u0000', 'latin1'),
      Buffer.from([0, 1, 0, 1]),
    ]);
    await expect.poll(() => call('GET', '/v1/catalog/nodes')).toContain('"web"');
    const answer = await link.dns(question, { tcp: false, clientAddress: '10.0.0.9', settings: '' });
    expect([answer.readUInt16BE(0), answer[3] ?? 0, answer.readUInt16BE(6)]).toEqual([0x1234, answer[3], 1]);
    expect(answer.includes(Buffer.from([10, 0, 0, 2]))).toBe(true);
  });

  describe('streams of proxies', () => {
    const request = loadEnvoyApi().message('envoy.service.discovery.v3.DeltaDiscoveryRequest');
    const response = loadEnvoyApi().message('envoy.service.discovery.v3.DeltaDiscoveryResponse');
    const ask = async (id: string, metadata: Record<string, string>) => {
      const relay = await link.openAds({ protocol: 'delta', metadata: { 'x-consul-token': '' } });
      const fields = Object.fromEntries(Object.entries(metadata).map(([key, value]) => [key, { stringValue: value }]));
      const version = { version: { major_number: 1, minor_number: 40, patch: 0 } };
      const node = {
        id,
        cluster: 'web',
        metadata: { fields },
        user_agent_name: 'envoy',
        user_agent_build_version: version,
      };
      relay.send(request.serialize({ node, type_url: CLUSTERS, resource_names_subscribe: ['*'] }));
      try {
        return response.deserialize(await firstValueFrom(relay.messages$));
      } finally {
        relay.end();
      }
    };
    const register = (node: string) =>
      call('PUT', '/v1/catalog/register', {
        Node: node,
        Address: '10.0.0.2',
        Service: {
          ID: `${node}-proxy`,
          Service: 'api-sidecar-proxy',
          Kind: 'connect-proxy',
          Port: 21_000,
          Proxy: { DestinationServiceName: 'api', LocalServicePort: 80 },
        },
      });

    it('of its own node are served, with or without the name of the node', async () => {
      expect(await register('web')).toBe('200 true');
      for (const metadata of [{}, { node_name: 'web' }])
        expect(await ask('web-proxy', metadata)).toMatchObject({ type_url: CLUSTERS, nonce: expect.any(String) });
    });

    it('of other nodes are refused', async () => {
      expect(await register('db')).toBe('200 true');
      await expect(ask('db-proxy', { node_name: 'db' })).rejects.toThrow(
        'the agent of node "web" serves proxies of that node only, not of "db"',
      );
    });
  });
});
