export interface ConsulBootstrapInput {
  readonly proxyId: string;
  readonly service: string;
  readonly adminPort: number;
  readonly xdsPort: number;
  readonly xdsHost?: string;
  readonly token?: string;
}

/**
 * A bootstrap as Consul 1.21 makes them: its node metadata, delta ADS with `x-consul-token`, nothing of what ours adds (no
 * drain time in the metadata, no keep-alive, no quick back-off, the node in every request of an older Envoy).
 */
export function consulBootstrap({
  proxyId,
  service,
  adminPort,
  xdsPort,
  xdsHost = '127.0.0.1',
  token = '',
}: ConsulBootstrapInput): object {
  const socketAddress = (address: string, port: number) => ({ socket_address: { address, port_value: port } });
  const source = { ads: {}, initial_fetch_timeout: '0s', resource_api_version: 'V3' };
  return {
    admin: { access_log_path: '/dev/null', address: socketAddress('127.0.0.1', adminPort) },
    node: { cluster: service, id: proxyId, metadata: { namespace: 'default', partition: 'default' } },
    layered_runtime: {
      layers: [{ name: 'base', static_layer: { 're2.max_program_size.error_level': 1_048_576 } }],
    },
    static_resources: {
      clusters: [
        {
          name: 'local_agent',
          ignore_health_on_host_removal: false,
          connect_timeout: '1s',
          type: 'STATIC',
          http2_protocol_options: {},
          loadAssignment: {
            clusterName: 'local_agent',
            endpoints: [{ lbEndpoints: [{ endpoint: { address: socketAddress(xdsHost, xdsPort) } }] }],
          },
        },
      ],
    },
    stats_config: {
      stats_tags: [
        { tag_name: 'local_cluster', fixed_value: service },
        { tag_name: 'consul.source.service', fixed_value: service },
        { tag_name: 'consul.source.datacenter', fixed_value: 'dc1' },
      ],
      use_all_default_tags: true,
    },
    dynamic_resources: {
      lds_config: source,
      cds_config: source,
      ads_config: {
        api_type: 'DELTA_GRPC',
        transport_api_version: 'V3',
        grpc_services: {
          initial_metadata: [{ key: 'x-consul-token', value: token }],
          envoy_grpc: { cluster_name: 'local_agent' },
        },
      },
    },
  };
}
