import { beforeAll, describe, expect, it } from 'vitest';
import type { ExposePath } from '../../../src/model/index.js';
import { checkEncoding } from '../../../src/xds/envoy-api/index.js';
import { exposedCluster, exposedListener } from '../../../src/xds/resources/inbound/expose.js';
import { exposedNeeds } from '../../../src/xds/resources/inbound/expose-needs.js';
import { type Decoded, PROXY, type SidecarOptions, built, sidecarOf, sidecarView } from './support/sidecar.js';

beforeAll(() => checkEncoding(true));

const ready: ExposePath = {
  listenerPort: 1234,
  path: '/ready',
  localPathPort: 8080,
  protocol: 'http',
  parsedFromCheck: false,
};
const metrics: ExposePath = { ...ready, listenerPort: 9102, path: '/stats/v1', localPathPort: 9000, protocol: 'http2' };

const listenerOf = (path: ExposePath, options: SidecarOptions = {}): Decoded =>
  built(exposedListener, sidecarView(options), { ...PROXY, path }).message;

describe('exposed paths', () => {
  it('get a listener of their own that takes exactly the path to the application', () => {
    const listener = listenerOf(ready);
    const manager = listener.filter_chains[0].filters[0].typed_config;
    expect(listener.name).toBe('exposed_path_ready:10.1.0.5:1234');
    expect(listener.address.socket_address).toMatchObject({ address: '10.1.0.5', port_value: 1234 });
    expect(listener.traffic_direction).toBe('INBOUND');
    expect(manager.stat_prefix).toBe('exposed_path_filter_ready_1234');
    expect(manager.route_config).toMatchObject({
      name: 'exposed_path_filter_ready_1234',
      virtual_hosts: [
        {
          name: 'exposed_path_filter_ready_1234',
          domains: ['*'],
          routes: [{ match: { path: '/ready' }, route: { cluster: 'local_app' } }],
        },
      ],
    });
  });

  it('take no certificate and ask no intention', () => {
    const [chain] = listenerOf(ready).filter_chains;
    const names = chain.filters[0].typed_config.http_filters.map((filter: Decoded) => filter.name);
    expect(chain.transport_socket ?? null).toBeNull();
    expect(names).toEqual(['envoy.filters.http.router']);
  });

  it('on a port of their own get a cluster of their own', () => {
    const cluster = built(exposedCluster, sidecarView(), { ...PROXY, path: metrics }).message;
    const route = listenerOf(metrics).filter_chains[0].filters[0].typed_config.route_config.virtual_hosts[0].routes[0];
    expect(cluster).toMatchObject({ name: 'exposed_cluster_9000', type: 'STATIC', connect_timeout: { seconds: '5' } });
    expect(cluster.load_assignment.endpoints[0].lb_endpoints[0].endpoint.address.socket_address).toMatchObject({
      address: '127.0.0.1',
      port_value: 9000,
    });
    expect(Object.keys(cluster.typed_extension_protocol_options)).toEqual([
      'envoy.extensions.upstreams.http.v3.HttpProtocolOptions',
    ]);
    expect(route.route.cluster).toBe('exposed_cluster_9000');
  });

  it('made for a check are for this host and its agent only', () => {
    const [chain] = listenerOf({ ...ready, parsedFromCheck: true }).filter_chains;
    expect(
      chain.filter_chain_match.source_prefix_ranges.map(
        (range: Decoded) => `${range.address_prefix}/${range.prefix_len.value}`,
      ),
    ).toEqual(['10.1.0.1/32', '127.0.0.1/8', '::1/128']);
    expect(listenerOf(ready).filter_chains[0].filter_chain_match ?? null).toBeNull();
  });

  it('bind where the sidecar is told to', () => {
    expect(listenerOf(ready, { config: { bind_address: '127.0.0.2' } }).name).toBe('exposed_path_ready:127.0.0.2:1234');
    expect(listenerOf(ready, { address: '' }).name).toBe('exposed_path_ready:0.0.0.0:1234');
  });

  it('are needed by name: a listener each, a cluster only where one is used', () => {
    const view = sidecarView({ settings: { expose: { checks: false, paths: [ready, metrics] } } });
    expect(exposedNeeds(view, sidecarOf(view)).map(({ type, name }) => `${type} ${name}`)).toEqual([
      'listener exposed_path_ready:10.1.0.5:1234',
      'cluster exposed_cluster_9000',
      'listener exposed_path_statsv1:10.1.0.5:9102',
    ]);
  });
});
