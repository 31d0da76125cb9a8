import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { request } from 'node:https';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type BootstrapInput, buildBootstrap } from '../../../src/cli/envoy/index.js';
import { envoyBinary, freePort, NEWEST_ENVOY, OLDEST_ENVOY, until } from '../../support/envoy-rig/index.js';
import { Rig } from '../../support/envoy-rig/rig.js';
import { plainInput } from './bootstrap-input.js';

const execute = promisify(execFile);

let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'meshwright-bootstrap-'));
  const at = (name: string) => join(folder, name);
  await execute('openssl', [
    ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'],
    ...['-subj', '/CN=ca', '-keyout', at('key.pem'), '-out', at('cert.pem')],
  ]);
});
afterAll(() => rmSync(folder, { recursive: true }));

const STATIC_CLUSTER = JSON.stringify({
  name: 'extra',
  type: 'STATIC',
  connect_timeout: '1s',
  load_assignment: {
    cluster_name: 'extra',
    endpoints: [
      { lb_endpoints: [{ endpoint: { address: { socket_address: { address: '127.0.0.1', port_value: 1 } } } }] },
    ],
  },
});
const STATIC_LISTENER = JSON.stringify({
  name: 'extra',
  address: { socket_address: { address: '127.0.0.1', port_value: 0 } },
  filter_chains: [
    {
      filters: [
        {
          name: 'envoy.filters.network.tcp_proxy',
          typed_config: {
            '@type': 'type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy',
            stat_prefix: 'extra',
            cluster: 'extra',
          },
        },
      ],
    },
  ],
});
const ZIPKIN = JSON.stringify({
  http: {
    name: 'envoy.tracers.zipkin',
    typed_config: {
      '@type': 'type.googleapis.com/envoy.config.trace.v3.ZipkinConfig',
      collector_cluster: 'extra',
      collector_endpoint: '/api/v2/spans',
      collector_endpoint_version: 'HTTP_JSON',
    },
  },
});
const TEMPLATE = `{
  "admin": {"address": {"socket_address": {"address": "{{ .AdminBindAddress }}", "port_value": {{ .AdminBindPort }}}}},
  "node": {"id": "{{ .ProxyID }}", "cluster": "{{ .ProxyCluster }}"},
  "static_resources": {
    "clusters": [{{ .StaticClustersJSON }}]
    {{- if .StaticListenersJSON }}, "listeners": [{{ .StaticListenersJSON }}]{{ end }}
  },
  {{- if .StatsSinksJSON }} "stats_sinks": [{{ .StatsSinksJSON }}], {{- end }}
  "stats_config": {{ .StatsConfigJSON }}
}`;

/** Sets of options that people combine; each is put to real Envoys. Metrics over TLS need files, so they come as functions. */
const sets: Readonly<Record<string, () => Partial<BootstrapInput>>> = {
  'statistics by UDP, with tags and an interval': () => ({
    config: {
      envoy_statsd_url: 'udp://127.0.0.1:9125',
      envoy_dogstatsd_url: 'udp://[::1]:9126',
      envoy_stats_tags: ['team=pay'],
      envoy_stats_flush_interval: '1m30s',
    },
  }),
  'statistics by unix sockets': () => ({
    config: { envoy_statsd_url: 'unix:///tmp/statsd.sock', envoy_dogstatsd_url: 'unix:///tmp/dogstatsd.sock' },
  }),
  'listeners for Prometheus, statistics and probes': () => ({
    config: {
      envoy_prometheus_bind_addr: '127.0.0.1:0',
      envoy_stats_bind_addr: '[::1]:0',
      envoy_ready_bind_addr: '127.0.0.1:0',
    },
  }),
  'merged metrics of another process': () => ({
    config: { envoy_prometheus_bind_addr: '127.0.0.1:0' },
    prometheus: { ...plainInput.prometheus, backendPort: '20100', scrapePath: '/merged' },
  }),
  'metrics over TLS to known clients': () => ({
    config: { envoy_prometheus_bind_addr: '127.0.0.1:0' },
    prometheus: {
      ...plainInput.prometheus,
      caFile: join(folder, 'cert.pem'),
      certFile: join(folder, 'cert.pem'),
      keyFile: join(folder, 'key.pem'),
    },
  }),
  'resources of another make and tracing': () => ({
    config: {
      envoy_extra_static_clusters_json: STATIC_CLUSTER,
      envoy_extra_static_listeners_json: STATIC_LISTENER,
      envoy_extra_stats_sinks_json:
        '{"name":"envoy.stat_sinks.hystrix","typed_config":{"@type":"type.googleapis.com/envoy.config.metrics.v3.HystrixSink","num_buckets":10}}',
      envoy_stats_config_json: '{"stats_tags":[{"tag_name":"a","fixed_value":"b"}],"use_all_default_tags":false}',
      envoy_tracing_json: ZIPKIN,
    },
  }),
  'the telemetry collector': () => ({ config: { envoy_telemetry_collector_bind_socket_dir: '/tmp' } }),
  'a template': () => ({
    config: {
      envoy_bootstrap_json_tpl: TEMPLATE,
      envoy_statsd_url: 'udp://127.0.0.1:9125',
      envoy_extra_static_listeners_json: STATIC_LISTENER,
      envoy_extra_static_clusters_json: STATIC_CLUSTER,
    },
  }),
  'xDS by a unix socket': () => ({ xds: { address: { type: 'unix', path: '/tmp/xds.sock' } } }),
  'xDS by a host name': () => ({ xds: { address: { type: 'tcp', host: 'mesh.example', port: 8502 } } }),
};

describe.each([NEWEST_ENVOY, OLDEST_ENVOY])('Envoy %s takes a bootstrap with', (version) => {
  test.each(Object.keys(sets))('%s', async (name) => {
    const file = join(folder, 'bootstrap.json');
    writeFileSync(file, JSON.stringify(buildBootstrap({ ...plainInput, ...sets[name]?.() })));
    const args = ['--mode', 'validate', '--config-path', file, '-l', 'warning'];
    const { stdout, stderr } = await execute(await envoyBinary(version), args).catch(
      (thrown: Error & { stderr?: string }) => {
        throw new Error(thrown.stderr ?? thrown.message);
      },
    );
    expect(stdout).toContain('OK');
    // `Bootstrap.tracing` is deprecated by Envoy; it is what the key is defined to fill.
    const said = stderr.split('\n').filter((line) => !/bootstrap\.v3\.Bootstrap\.tracing|TlsContext.*TLS 1/.test(line));
    expect(said.join('\n')).not.toMatch(/deprecated|error/i);
  });
});

describe('metrics over TLS at a real Envoy', () => {
  /** The status of a scrape, or why there was none. */
  const scrape = (port: number, identity: object) =>
    new Promise<number | string>((resolve) => {
      const asked = request(
        { host: '127.0.0.1', port, path: '/metrics', rejectUnauthorized: false, agent: false, ...identity },
        (response) => {
          response.resume();
          resolve(response.statusCode ?? 0);
        },
      );
      asked.on('error', (error) => resolve(error.message));
      asked.end();
    });

  test.each(['file', 'directory'])('are for clients with a certificate of the CA alone: from a %s', async (source) => {
    const cert = readFileSync(join(folder, 'cert.pem'), 'utf8');
    const key = readFileSync(join(folder, 'key.pem'), 'utf8');
    const [port, adminPort] = [await freePort(), await freePort()];
    const { dynamic_resources: _none, ...bootstrap } = buildBootstrap({
      ...plainInput,
      admin: { ...plainInput.admin, port: adminPort },
      config: { envoy_prometheus_bind_addr: `127.0.0.1:${port}` },
      prometheus: {
        ...plainInput.prometheus,
        ...(source === 'file' ? { caFile: join(folder, 'cert.pem') } : { caPath: folder, caPem: cert }),
        certFile: join(folder, 'cert.pem'),
        keyFile: join(folder, 'key.pem'),
      },
    });
    const file = join(folder, 'scraped.json');
    writeFileSync(file, JSON.stringify(bootstrap));
    const rig = new Rig();
    try {
      rig.start('Envoy', await envoyBinary(NEWEST_ENVOY), [
        '--config-path',
        file,
        '--disable-hot-restart',
        '-l',
        'off',
      ]);
      await until('a scrape with a certificate', async () => (await scrape(port, { cert, key })) === 200);
      expect(await scrape(port, {})).not.toBe(200);
      const stranger = join(folder, 'stranger');
      await execute('openssl', [
        ...['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'],
        ...['-subj', '/CN=stranger', '-keyout', `${stranger}.key`, '-out', `${stranger}.crt`],
      ]);
      const other = { cert: readFileSync(`${stranger}.crt`, 'utf8'), key: readFileSync(`${stranger}.key`, 'utf8') };
      expect(await scrape(port, other)).not.toBe(200);
    } finally {
      await rig.close();
    }
  });
});
