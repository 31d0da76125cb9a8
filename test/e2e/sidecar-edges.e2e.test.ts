import { createSocket, type Socket } from 'node:dgram';
import { existsSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type App,
  connectEnvoy,
  DRAIN_TIME_S,
  freePort,
  httpCall,
  Mesh,
  NEWEST_ENVOY,
  startHttpApp,
  until,
} from '../support/envoy-rig/index.js';

describe('the edges of a sidecar at a real Envoy', () => {
  let mesh: Mesh;
  let statsd: Socket;
  let health: App;
  const ports = { prometheus: 0, ready: 0, query: 0, exposed: 0 };
  const datagrams: string[] = [];
  let socketPath = '';

  beforeAll(async () => {
    for (const name of ['prometheus', 'ready', 'query', 'exposed'] as const) ports[name] = await freePort();
    const config = { ports: { expose_min_port: ports.exposed, expose_max_port: ports.exposed } };
    mesh = await Mesh.start({ config, services: [{ id: 'api' }] });
    statsd = createSocket('udp4').on('message', (message) => void datagrams.push(message.toString()));
    await new Promise<void>((resolve) => statsd.bind(0, '127.0.0.1', resolve));
    health = await startHttpApp(mesh.rig, 'health');
    socketPath = join(mesh.rig.folder, 'api.sock');
    await mesh.plane.configure({
      Kind: 'proxy-defaults',
      Name: 'global',
      Config: {
        envoy_prometheus_bind_addr: `127.0.0.1:${ports.prometheus}`,
        envoy_ready_bind_addr: `127.0.0.1:${ports.ready}`,
        envoy_statsd_url: `udp://127.0.0.1:${statsd.address().port}`,
        envoy_stats_flush_interval: '200ms',
        envoy_stats_tags: ['team=pay'],
      },
    });
    await mesh.plane.ask('POST', '/v1/query', { Name: 'near-api', Service: { Service: 'api', OnlyPassing: true } });
    await mesh.add({ id: 'web', sidecar: false });
    await mesh.plane.put('/v1/agent/service/register', {
      ID: 'web',
      Name: 'web',
      Port: mesh.app('web').port,
      Check: { CheckID: 'web-health', HTTP: `http://127.0.0.1:${health.port}/health`, Interval: '1s' },
      Connect: {
        SidecarService: {
          Port: mesh.sidecarPort('web'),
          Proxy: {
            Expose: { Checks: true },
            Upstreams: [
              {
                DestinationType: 'prepared_query',
                DestinationName: 'near-api',
                LocalBindPort: ports.query,
                Config: { protocol: 'http' },
              },
              { DestinationName: 'api', LocalBindSocketPath: socketPath, LocalBindSocketMode: '0600' },
            ],
          },
        },
      },
    });
    const envoy = await connectEnvoy(mesh.plane, 'web', { version: NEWEST_ENVOY, drainTimeS: DRAIN_TIME_S });
    mesh.keepEnvoy('web', envoy);
    await envoy.ready();
  });
  afterAll(async () => {
    statsd?.close();
    await mesh?.close();
  });

  it('serves its metrics to Prometheus and nothing else there, with the tags that were asked for', async () => {
    const scraped = await until('metrics', async () => {
      const answer = await httpCall({ port: ports.prometheus, path: '/metrics' });
      return answer.status === 200 && answer.text.includes('envoy_cluster_upstream_cx_total') && answer.text;
    });
    expect(scraped).toMatch(/^# TYPE envoy_cluster_upstream_cx_total counter$/m);
    expect(scraped).toMatch(/envoy_server_live\{[^}]*team="pay"[^}]*\} 1$/m);
    expect(scraped).toContain('consul_source_service="web"');
    expect((await httpCall({ port: ports.prometheus, path: '/config_dump' })).status).toBe(404);
  });

  it('sends its metrics to statsd, and answers readiness probes', async () => {
    await until('a datagram with a counter', () => datagrams.some((text) => /^envoy\.[\w.~-]+:\d+\|[cgm]/m.test(text)));
    await until('readiness', async () => (await httpCall({ port: ports.ready, path: '/ready' })).status === 200);
    expect((await httpCall({ port: ports.ready, path: '/stats' })).status).toBe(404);
  });

  it('lets the checks of its agent through to exactly their path', async () => {
    type Check = { readonly Status: string; readonly ExposedPort: number; readonly Output: string };
    const check = await until('a passing check by way of the proxy', async () => {
      const found = (await mesh.plane.get<Record<string, Check>>('/v1/agent/checks'))['web-health'];
      return found && found.ExposedPort > 0 && found.Status === 'passing' && found;
    });
    expect(check.ExposedPort).toBe(ports.exposed);
    expect(check.Output).toContain(`http://127.0.0.1:${check.ExposedPort}/health: 200`);
    const answer = await httpCall({ port: check.ExposedPort, path: '/health' });
    expect([answer.status, answer.headers['x-who']]).toEqual([200, 'health']);
    expect((await httpCall({ port: check.ExposedPort, path: '/other' })).status).toBe(404);
  });

  it('reaches what a prepared query finds, and nothing once that is sick', async () => {
    const status = async () => (await httpCall({ port: ports.query })).status;
    await until('an answer by the prepared query', async () => (await status()) === 200);
    expect((await httpCall({ port: ports.query })).headers['x-who']).toBe('api');
    await mesh.plane.put('/v1/agent/service/maintenance/api?enable=true');
    await until('no healthy instance', async () => (await status()) === 503);
    await mesh.plane.put('/v1/agent/service/maintenance/api?enable=false');
    await until('an answer again', async () => (await status()) === 200);
  });

  it('listens on a unix socket', async () => {
    await until('the socket', () => existsSync(socketPath));
    const status = await new Promise((resolve, reject) => {
      request({ socketPath, path: '/' }, (response) => {
        response.resume();
        resolve(response.statusCode);
      })
        .on('error', reject)
        .end();
    });
    expect(status).toBe(200);
  });
});
