import type { BootstrapInput } from '../../../src/cli/envoy/index.js';

/** A sidecar of `web` on the agent's own node, with nothing special. */
export const plainInput: BootstrapInput = {
  proxyId: 'web-sidecar-proxy',
  cluster: 'web',
  nodeName: '',
  datacenter: 'dc1',
  namespace: 'default',
  partition: 'default',
  token: '',
  admin: { host: '127.0.0.1', port: 19000, accessLogPath: '/dev/null' },
  xds: { address: { type: 'tcp', host: '127.0.0.1', port: 8502 } },
  drainTimeS: 15,
  config: {},
  prometheus: { backendPort: '', scrapePath: '/metrics', caFile: '', caPath: '', caPem: '', certFile: '', keyFile: '' },
  ready: undefined,
  omitDeprecatedTags: true,
};

/** Everything that can be switched on, at once. */
export const richInput = (caPem: string): BootstrapInput => ({
  ...plainInput,
  nodeName: 'vm-1',
  token: 'secret-token',
  xds: {
    address: { type: 'tcp', host: '127.0.0.1', port: 8503 },
    tls: {
      caPem,
      serverName: 'server.dc1.consul',
      identityPrefix: 'spiffe://11111111-2222-3333-4444-555555555555.consul/agent/',
    },
  },
  ready: { address: '127.0.0.1', port: 19201 },
  omitDeprecatedTags: false,
  config: {
    envoy_prometheus_bind_addr: '127.0.0.1:19202',
    envoy_stats_bind_addr: '127.0.0.1:19203',
    envoy_statsd_url: 'udp://127.0.0.1:9125',
    envoy_dogstatsd_url: 'udp://127.0.0.1:9126',
    envoy_stats_tags: ['team=payments'],
    envoy_stats_flush_interval: '10s',
    envoy_extra_static_clusters_json:
      '{"name":"extra","type":"STATIC","connect_timeout":"1s","load_assignment":{"cluster_name":"extra","endpoints":[]}}',
  },
});
