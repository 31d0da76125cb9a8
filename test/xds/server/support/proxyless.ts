import { sha256Hex } from '../../../../src/core/index.js';
import { encodeAny, type EnvoyTypeName, packAny } from '../../../../src/xds/envoy-api/index.js';
import type { EncodedResource, ResourceType } from '../../../../src/xds/resources/spec.js';

/** What a proxyless gRPC client needs for the target `xds:///<name>`: a listener of that name, its route, a cluster, endpoints. */

function resource(type: ResourceType, name: string, typeName: EnvoyTypeName, message: object): EncodedResource {
  const bytes = encodeAny(packAny(typeName, message as never));
  return { type, name, version: sha256Hex(bytes, 16), bytes, references: [], entries: [] };
}

const ads = { ads: {}, resource_api_version: 'V3' };

export function proxylessListener(name: string): EncodedResource {
  const router = {
    name: 'envoy.filters.http.router',
    typed_config: packAny('envoy.extensions.filters.http.router.v3.Router', {}),
  };
  const manager = packAny('envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager', {
    rds: { route_config_name: name, config_source: ads },
    http_filters: [router],
  } as never);
  return resource('listener', name, 'envoy.config.listener.v3.Listener', {
    name,
    api_listener: { api_listener: manager },
  });
}

export function proxylessRoute(name: string, cluster: string): EncodedResource {
  const routes = [{ match: { prefix: '' }, route: { cluster } }];
  return resource('route', name, 'envoy.config.route.v3.RouteConfiguration', {
    name,
    virtual_hosts: [{ name, domains: ['*'], routes }],
  });
}

export function proxylessCluster(name: string): EncodedResource {
  return resource('cluster', name, 'envoy.config.cluster.v3.Cluster', {
    name,
    type: 'EDS',
    lb_policy: 'ROUND_ROBIN',
    eds_cluster_config: { eds_config: ads, service_name: name },
  });
}

export function proxylessEndpoints(name: string, port: number): EncodedResource {
  const address = { socket_address: { address: '127.0.0.1', port_value: port } };
  return resource('endpoint', name, 'envoy.config.endpoint.v3.ClusterLoadAssignment', {
    cluster_name: name,
    endpoints: [
      {
        locality: { region: 'dc1', zone: 'a', sub_zone: '' },
        load_balancing_weight: { value: 1 },
        lb_endpoints: [{ health_status: 'HEALTHY', endpoint: { address } }],
      },
    ],
  });
}
