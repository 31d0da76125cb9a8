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
    [{ envoy_bootstrap_json_tpl: '{"a": {{ if .X }}1{{ end }} }' }, /\{\{ if \.X \}\} is not understood/],
    [{ envoy_bootstrap_json_tpl: '{' }, /does not give JSON/],
  ])('%j', (config, message) => {
    expect(() => build({ config })).toThrow(message);
  });
});

describe("a template of the user's own", () => {
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
