import { describe, expect, test } from 'vitest';
import { decodeServiceDefinition } from '../../../src/model/definitions/index.js';
import { type ProxyDefaultsEntry, type ServiceDefaultsEntry, decodeConfigEntry } from '../../../src/model/index.js';
import { entryEscapeProblems, registrationEscapeProblems } from '../../../src/xds/resources/index.js';

const cluster = JSON.stringify({
  '@type': 'type.googleapis.com/envoy.config.cluster.v3.Cluster',
  name: 'own',
  type: 'STATIC',
});
const address = { socket_address: { address: '127.0.0.1', port_value: 9999 } };
const listener = (filter: object) =>
  JSON.stringify({
    name: 'own',
    address,
    filter_chains: [{ filters: [{ name: 'f', typed_config: filter }] }],
  });
const tcp = { '@type': 'type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy', cluster: 'x' };

const ofConfig = (config: object) =>
  entryEscapeProblems(
    decodeConfigEntry({ Kind: 'proxy-defaults', Name: 'global', Config: config }) as ProxyDefaultsEntry,
  );

describe('what an entry wants Envoy to be given as it is', () => {
  test.each([
    { envoy_public_listener_json: listener(tcp) },
    { envoy_local_cluster_json: cluster },
    { envoy_listener_tracing_json: '{"random_sampling":{"value":10}}' },
    { envoy_tracing_json: '{"http":{"name":"envoy.tracers.zipkin"}}' },
    { envoy_stats_config_json: '{"use_all_default_tags":false}' },
    { envoy_extra_static_clusters_json: `${cluster},${cluster},` },
    { envoy_extra_static_listeners_json: `[${listener(tcp)}]` },
    { envoy_extra_stats_sinks_json: '{"name":"envoy.stat_sinks.hystrix"}' },
    { envoy_local_cluster_json: ' ' },
    // Not one that we ever send: all of Envoy's API may stand in an escape hatch.
    {
      envoy_public_listener_json: listener({
        '@type': 'type.googleapis.com/envoy.extensions.filters.network.redis_proxy.v3.RedisProxy',
        stat_prefix: 'r',
        settings: { op_timeout: '5s' },
      }),
    },
  ])('may be %j', (config) => {
    expect(ofConfig(config)).toEqual([]);
  });

  test.each([
    [
      { envoy_public_listener_json: '{' },
      /^Config\.envoy_public_listener_json cannot be given to Envoy: it is not JSON/,
    ],
    [{ envoy_public_listener_json: '{"name":"x"}' }, /it has no filter chain$/],
    [{ envoy_public_listener_json: cluster }, /must be of type envoy\.config\.listener\.v3\.Listener/],
    [{ envoy_local_cluster_json: '{"nam":"x"}' }, /^Config\.envoy_local_cluster_json .*: nam is not a field of/],
    [{ envoy_local_cluster_json: { name: 'x' } }, /^Config\.envoy_local_cluster_json must be text that holds JSON$/],
    [{ envoy_listener_tracing_json: '{"random_sampling":{"valu":1}}' }, /random_sampling\.valu is not a field/],
    [{ envoy_tracing_json: '[]' }, /must be an object/],
    [{ envoy_extra_static_clusters_json: `${cluster},{"x":1}` }, /item 2: x is not a field of/],
    [{ envoy_extra_static_listeners_json: '{' }, /it is not JSON/],
    [
      { envoy_public_listener_json: listener({ '@type': 'type.googleapis.com/no.such.Type' }) },
      /typed_config has a type that is not known here: no\.such\.Type/,
    ],
  ])('must not be %j', (config, pattern) => {
    expect(ofConfig(config)).toEqual([expect.stringMatching(pattern)]);
  });

  test('is looked at in each upstream of service-defaults, by its path', () => {
    const entry = decodeConfigEntry({
      Kind: 'service-defaults',
      Name: 'web',
      UpstreamConfig: {
        Defaults: { EnvoyListenerJSON: '{' },
        Overrides: [
          { Name: 'a', EnvoyClusterJSON: cluster },
          { Name: 'b', EnvoyClusterJSON: '{"x":1}' },
        ],
      },
    }) as ServiceDefaultsEntry;
    expect(entryEscapeProblems(entry)).toEqual([
      expect.stringMatching(/^UpstreamConfig\.Defaults\.EnvoyListenerJSON .* it is not JSON/),
      expect.stringMatching(/^UpstreamConfig\.Overrides\[1\]\.EnvoyClusterJSON .* x is not a field/),
    ]);
  });
});

test('what a registration wants Envoy to be given as it is, is looked at by its path', () => {
  const { proxy } = decodeServiceDefinition(
    {
      Kind: 'connect-proxy',
      Name: 'p',
      Port: 1,
      Proxy: {
        DestinationServiceName: 'web',
        Config: { envoy_local_cluster_json: '{' },
        Upstreams: [
          { DestinationName: 'a', LocalBindPort: 1, Config: { envoy_listener_json: listener(tcp) } },
          { DestinationName: 'b', LocalBindPort: 2, Config: { envoy_cluster_json: '{"x":1}' } },
        ],
      },
    },
    'api',
  );
  expect(proxy && registrationEscapeProblems(proxy)).toEqual([
    expect.stringMatching(/^Proxy\.Config\.envoy_local_cluster_json /),
    expect.stringMatching(/^Proxy\.Upstreams\[1\]\.Config\.envoy_cluster_json .* x is not a field/),
  ]);
});
