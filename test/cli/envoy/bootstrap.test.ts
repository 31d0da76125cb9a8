import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { buildBootstrap } from '../../../src/cli/envoy/index.js';
import { plainInput, richInput } from './bootstrap-input.js';

const golden = (name: string): unknown =>
  JSON.parse(readFileSync(new URL(`./golden/${name}.json`, import.meta.url), 'utf8'));
const CA = '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n';

type Bootstrap = {
  readonly node: { readonly id: string; readonly metadata: Record<string, unknown> };
  readonly static_resources: {
    readonly clusters: readonly { readonly name: string }[];
    readonly listeners?: readonly { readonly name: string }[];
  };
  readonly stats_config: {
    readonly stats_tags: readonly {
      readonly tag_name: string;
      readonly regex?: string;
      readonly fixed_value?: string;
    }[];
  };
  readonly dynamic_resources: {
    readonly ads_config: { readonly grpc_services: readonly { readonly initial_metadata: readonly object[] }[] };
  };
};
const build = (changes: object = {}): Bootstrap =>
  buildBootstrap({ ...plainInput, ...changes }) as unknown as Bootstrap;
const clusterNames = (bootstrap: Bootstrap) => bootstrap.static_resources.clusters.map(({ name }) => name);
const listenerNames = (bootstrap: Bootstrap) => (bootstrap.static_resources.listeners ?? []).map(({ name }) => name);

describe('bootstrap', () => {
  test('of a plain sidecar is exactly this', () => {
    expect(buildBootstrap(plainInput)).toEqual(golden('plain'));
  });

  test('with everything switched on is exactly this', () => {
    expect(buildBootstrap(richInput(CA))).toEqual(golden('rich'));
  });

  test('is the same for the same input', () => {
    expect(JSON.stringify(buildBootstrap(richInput(CA)))).toBe(JSON.stringify(buildBootstrap(richInput(CA))));
  });

  test('carries the token as x-consul-token', () => {
    const [service] = build({ token: 't' }).dynamic_resources.ads_config.grpc_services;
    expect(service?.initial_metadata).toEqual([{ key: 'x-consul-token', value: 't' }]);
  });

  test('names the node only when told to, and the drain time only when it is ours', () => {
    expect(build({ drainTimeS: undefined }).node.metadata).toEqual({ namespace: 'default', partition: 'default' });
    expect(build({ nodeName: 'vm-1' }).node.metadata).toMatchObject({
      node_name: 'vm-1',
      meshwright_drain_time_s: '15',
    });
  });

  test('reaches a host name by DNS, a socket by its path', () => {
    const [byName] = build({ xds: { address: { type: 'tcp', host: 'mesh.example', port: 8502 } } }).static_resources
      .clusters;
    expect(byName).toMatchObject({ type: 'STRICT_DNS' });
    const [bySocket] = build({ xds: { address: { type: 'unix', path: '/run/xds.sock' } } }).static_resources.clusters;
    expect(JSON.stringify(bySocket)).toContain('"pipe":{"path":"/run/xds.sock"}');
  });

  test('opens extra listeners only when they are wanted, each with the cluster it needs', () => {
    expect(listenerNames(build())).toEqual([]);
    expect(clusterNames(build())).toEqual(['local_agent']);
    const ready = build({ ready: { address: '0.0.0.0', port: 1234 } });
    expect([listenerNames(ready), clusterNames(ready)]).toEqual([
      ['envoy_ready_listener'],
      ['local_agent', 'self_admin'],
    ]);
    const merged = build({
      config: { envoy_prometheus_bind_addr: ':9102' },
      prometheus: { ...plainInput.prometheus, backendPort: '20100' },
    });
    expect(clusterNames(merged)).toEqual(['local_agent', 'self_admin', 'prometheus_backend']);
  });

  test('statistics of another make replace ours', () => {
    expect(build({ config: { envoy_stats_config_json: '{"use_all_default_tags":false}' } }).stats_config).toEqual({
      use_all_default_tags: false,
    });
  });
});

describe('keys that cannot be used are refused by name', () => {
  test.each([
    [{ envoy_statsd_url: 'tcp://127.0.0.1:9125' }, /envoy_statsd_url: "tcp:.*" must be written udp:/],
    [{ envoy_prometheus_bind_addr: 'nowhere' }, /envoy_prometheus_bind_addr: "nowhere" must be written ADDRESS:PORT/],
    [{ envoy_prometheus_bind_addr: 9102 }, /envoy_prometheus_bind_addr .* must be text/],
    [{ envoy_tracing_json: '{' }, /envoy_tracing_json .* is not JSON/],
    [{ envoy_stats_tags: ['bad'] }, /envoy_stats_tags: "bad" must be written name=value/],
    [{ envoy_extra_static_clusters_json: '{"a":1},{' }, /envoy_extra_static_clusters_json .* is not JSON/],
    [
      { envoy_bootstrap_json_tpl: '{"a": {{ if .X }}1{{ end }} }' },
      /\{\{ \.X \}\} has no value; these have: \.ProxyCluster/,
    ],
    [
      { envoy_bootstrap_json_tpl: '{"a": {{ range .ProxyID }}1{{ end }} }' },
      /\{\{ range \.ProxyID \}\} is not understood/,
    ],
    [{ envoy_stats_flush_interval: '0s' }, /envoy_stats_flush_interval: "0s" must be a duration from 1ms/],
    [{ envoy_stats_flush_interval: '10' }, /envoy_stats_flush_interval: "10" must be a duration/],
    [
      { envoy_ready_bind_address: '127.0.0.1' },
      /envoy_ready_bind_address and envoy_ready_bind_port: .* must be written/,
    ],
    [{ envoy_extra_stats_sinks_json: '{' }, /envoy_extra_stats_sinks_json .* is not JSON/],
    [{ envoy_extra_static_listeners_json: 'x' }, /envoy_extra_static_listeners_json .* is not JSON/],
    [{ envoy_telemetry_collector_bind_socket_dir: 1 }, /envoy_telemetry_collector_bind_socket_dir .* must be text/],
    [{ envoy_bootstrap_json_tpl: '{' }, /does not give JSON/],
  ])('%j', (config, message) => {
    expect(() => build({ config })).toThrow(message);
  });
});

describe('each key does what it is for', () => {
  // oxlint-disable-next-line typescript/no-explicit-any -- bootstraps are looked at by path
  const of = (config: object, more: object = {}): any => build({ config, ...more });

  test.each([
    ['udp://10.0.0.1:9125', { socket_address: { address: '10.0.0.1', port_value: 9125, protocol: 'UDP' } }],
    ['udp://[::1]:9125', { socket_address: { address: '::1', port_value: 9125, protocol: 'UDP' } }],
    ['unix:///run/statsd.sock', { pipe: { path: '/run/statsd.sock' } }],
  ])('envoy_statsd_url and envoy_dogstatsd_url %s', (url, address) => {
    const { stats_sinks: sinks } = of({ envoy_statsd_url: url, envoy_dogstatsd_url: url });
    expect(sinks.map((sink: { name: string }) => sink.name)).toEqual([
      'envoy.stat_sinks.statsd',
      'envoy.stat_sinks.dog_statsd',
    ]);
    for (const sink of sinks) expect(sink.typed_config.address).toEqual(address);
  });

  test.each([
    ['10s', '10s'],
    ['1m30s', '90s'],
    ['250ms', '0.25s'],
  ])('envoy_stats_flush_interval %s is %s to Envoy', (given, shown) => {
    expect(of({ envoy_stats_flush_interval: given }).stats_flush_interval).toBe(shown);
  });

  test('envoy_stats_tags are put on every statistic', () => {
    const { stats_tags: tags } = of({ envoy_stats_tags: ['team=pay', 'eq=a=b'] }).stats_config;
    expect(tags).toContainEqual({ tag_name: 'team', fixed_value: 'pay' });
    expect(tags).toContainEqual({ tag_name: 'eq', fixed_value: 'a=b' });
  });

  test('envoy_prometheus_bind_addr and envoy_stats_bind_addr open a listener each for one path', () => {
    const { listeners } = of({
      envoy_prometheus_bind_addr: '[::1]:9102',
      envoy_stats_bind_addr: ':9103',
    }).static_resources;
    const shown = listeners.map((listener: { name: string; address: object; filter_chains: object[] }) => [
      listener.name,
      listener.address,
      JSON.stringify(listener.filter_chains).match(/"(?:path|prefix)":"[^"]+"|"status":\d+/g),
    ]);
    expect(shown).toEqual([
      [
        'envoy_prometheus_metrics_listener',
        { socket_address: { address: '::1', port_value: 9102 } },
        ['"path":"/metrics"', '"prefix":"/"', '"status":404'],
      ],
      [
        'envoy_metrics_listener',
        { socket_address: { address: '0.0.0.0', port_value: 9103 } },
        ['"prefix":"/stats"', '"prefix":"/"', '"status":404'],
      ],
    ]);
  });

  test.each([
    { envoy_ready_bind_addr: '127.0.0.1:9104' },
    { envoy_ready_bind_address: '127.0.0.1', envoy_ready_bind_port: 9104 },
    { envoy_ready_bind_address: '127.0.0.1', envoy_ready_bind_port: '9104' },
  ])('%j opens a listener for readiness probes, the flags before it', (config) => {
    const portOf = (bootstrap: { static_resources: { listeners: { address: { socket_address: object } }[] } }) =>
      bootstrap.static_resources.listeners.map(({ address }) => address.socket_address);
    expect(portOf(of(config))).toEqual([{ address: '127.0.0.1', port_value: 9104 }]);
    expect(portOf(of(config, { ready: { address: '::1', port: 1 } }))).toEqual([{ address: '::1', port_value: 1 }]);
  });

  test('clusters, listeners and sinks of another make stand beside ours, one or several', () => {
    const extra = '{"name":"a"},{"name":"b"}';
    const bootstrap = of({
      envoy_extra_static_clusters_json: extra,
      envoy_extra_static_listeners_json: `[${extra}]`,
      envoy_extra_stats_sinks_json: '{"name":"envoy.stat_sinks.hystrix"},',
    });
    expect(bootstrap.static_resources.clusters.slice(1)).toEqual([{ name: 'a' }, { name: 'b' }]);
    expect(bootstrap.static_resources.listeners).toEqual([{ name: 'a' }, { name: 'b' }]);
    expect(bootstrap.stats_sinks).toEqual([{ name: 'envoy.stat_sinks.hystrix' }]);
  });

  test('envoy_tracing_json says where traces go', () => {
    expect(of({ envoy_tracing_json: '{"http":{"name":"x"}}' }).tracing).toEqual({ http: { name: 'x' } });
  });

  test('envoy_telemetry_collector_bind_socket_dir sends metrics to the socket that the control plane names too', () => {
    const bootstrap = of({ envoy_telemetry_collector_bind_socket_dir: '/tmp/consul/telemetry-collector/' });
    const [, cluster] = bootstrap.static_resources.clusters;
    expect(cluster.name).toBe('consul_telemetry_collector_loopback');
    expect(JSON.stringify(cluster)).toContain(
      '"path":"/tmp/consul/telemetry-collector/gqmuzdHCUPAEY5mbF8vgkZCNI14.sock"',
    );
    expect(bootstrap.stats_sinks[0].typed_config).toMatchObject({
      transport_api_version: 'V3',
      grpc_service: { envoy_grpc: { cluster_name: 'consul_telemetry_collector_loopback' } },
      emit_tags_as_labels: true,
    });
  });

  test('metrics are served over TLS with a certificate, to clients with one of a CA when a CA is given', () => {
    const tls = { certFile: '/c.pem', keyFile: '/k.pem' };
    const socketOf = (more: object) => {
      const prometheus = { ...plainInput.prometheus, ...more };
      const bootstrap = of({ envoy_prometheus_bind_addr: ':9102' }, { prometheus });
      return bootstrap.static_resources.listeners[0].filter_chains[0].transport_socket?.typed_config;
    };
    expect(socketOf({})).toBeUndefined();
    expect(socketOf(tls)).not.toHaveProperty('require_client_certificate');
    for (const [more, ca] of [
      [{ caFile: '/ca.pem' }, { filename: '/ca.pem' }],
      [{ caPath: '/cas', caPem: 'PEM' }, { inline_string: 'PEM' }],
    ] as const)
      expect(socketOf({ ...tls, ...more })).toMatchObject({
        require_client_certificate: true,
        common_tls_context: { validation_context: { trusted_ca: ca } },
      });
  });
});

describe("a template of the user's own", () => {
  test('may ask for what there is, and put in the parts that the bootstrap would have had', () => {
    const template = `{{- /* as in Consul's own */ -}}
{
  "node": {"id": "{{ .ProxyID }}"},
  {{- if .GRPC.AgentTLS }} "tls": true, {{ else if eq .GRPC.AgentPort "8502" }} "tls": false, {{ end }}
  {{- if and .StatsSinksJSON (not .TracingConfigJSON) }} "stats_sinks": [{{ .StatsSinksJSON }}], {{- end }}
  "stats_config": {{ .StatsConfigJSON }},
  "clusters": [ {{ .StaticClustersJSON }} ]
}`;
    const config = { envoy_bootstrap_json_tpl: template, envoy_statsd_url: 'udp://127.0.0.1:1' };
    const bootstrap = build({ config: { ...config, envoy_prometheus_bind_addr: ':1' } });
    expect(bootstrap).toMatchObject({
      node: { id: 'web-sidecar-proxy' },
      tls: false,
      stats_sinks: [{ name: 'envoy.stat_sinks.statsd' }],
      clusters: [{ name: 'self_admin' }],
      stats_config: { use_all_default_tags: true },
    });
  });

  test('gets values put in, safely', () => {
    const template =
      '{"node":{"id":"{{ .ProxyID }}","cluster":"{{- .ProxyCluster -}}"},"admin":{{ .AdminBindPort }},"t":"{{.Token}}"}';
    expect(build({ token: 'a"b', config: { envoy_bootstrap_json_tpl: template } })).toEqual({
      node: { id: 'web-sidecar-proxy', cluster: 'web' },
      admin: 19000,
      t: 'a"b',
    });
  });
});

describe('statistics tags take names apart', () => {
  const TD = '11111111-2222-3333-4444-555555555555';
  const tagsOf = (stat: string): Record<string, string> => {
    const found: Record<string, string> = {};
    for (const { tag_name, regex } of build().stats_config.stats_tags) {
      const match = regex === undefined ? null : new RegExp(regex).exec(stat);
      if (match !== null) found[tag_name.replace(/^consul\./, '')] = match[2] ?? '';
    }
    return found;
  };

  test('of a plain cluster', () => {
    expect(tagsOf(`cluster.api.default.dc1.internal.${TD}.consul.upstream_rq_2xx`)).toEqual({
      'destination.service': 'api',
      'destination.namespace': 'default',
      'destination.datacenter': 'dc1',
      'destination.routing_type': 'internal',
      'destination.trust_domain': TD,
      'destination.target': 'api.default.dc1',
      'destination.full_target': `api.default.dc1.internal.${TD}`,
    });
  });

  test('of a customised subset, as a failover member', () => {
    expect(tagsOf(`cluster.failover-target~1~98809527~v2.api.default.dc2.internal.${TD}.consul.x`)).toMatchObject({
      'destination.custom_hash': '98809527',
      'destination.service_subset': 'v2',
      'destination.service': 'api',
      'destination.datacenter': 'dc2',
      'destination.target': '98809527~v2.api.default.dc2',
    });
  });

  test('of a peer', () => {
    expect(tagsOf(`cluster.api.default.east.external.${TD}.consul.x`)).toMatchObject({
      'destination.service': 'api',
      'destination.peer': 'east',
      'destination.routing_type': 'external',
    });
    expect(tagsOf('http.upstream_peered.db.default.east.downstream_rq')).toEqual({
      'upstream.service': 'db',
      'upstream.namespace': 'default',
      'upstream.peer': 'east',
    });
  });

  test('of an upstream listener', () => {
    expect(tagsOf('tcp.upstream.db.default.default.dc1.downstream_cx_total')).toEqual({
      'upstream.service': 'db',
      'upstream.namespace': 'default',
      'upstream.partition': 'default',
      'upstream.datacenter': 'dc1',
    });
  });

  test('and leave others alone', () => {
    expect(tagsOf('cluster.local_app.upstream_rq_2xx')).toEqual({});
    expect(tagsOf('http.public_listener.downstream_rq_2xx')).toEqual({});
    expect(tagsOf('cluster.local_agent.upstream_cx_total')).toEqual({});
  });
});
