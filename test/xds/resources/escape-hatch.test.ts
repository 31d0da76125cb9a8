import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { proxyKey } from '../../../src/mesh/proxy/index.js';
import { checkEncoding, decodeAnyDeep } from '../../../src/xds/envoy-api/index.js';
import { parseEscapeHatch } from '../../../src/xds/resources/escape-hatch.js';
import { type ReplacedCluster, escapedCluster } from '../../../src/xds/resources/clusters/escaped-cluster.js';
import {
  publicListener,
  publicListenerName,
  publicListenerProblems,
  publicListenerRbacLayers,
} from '../../../src/xds/resources/inbound/public-listener.js';
import { proxyNeedsCell } from '../../../src/xds/resources/index.js';
import { upstreamTlsSocket } from '../../../src/xds/resources/secrets/tls.js';
import { type Decoded, PROXY, type SidecarOptions, built, sidecarOf, sidecarView } from './support/sidecar.js';

beforeAll(() => checkEncoding(true));

const CLUSTER = 'envoy.config.cluster.v3.Cluster';
const MANAGER = 'envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager';
const typed = (type: string, fields: object): object => ({ '@type': `type.googleapis.com/${type}`, ...fields });

describe('an escape hatch', () => {
  it('is the message that the user wrote, in either spelling', () => {
    const json = typed(CLUSTER, { name: 'own-app', connectTimeout: '6s', type: 'STATIC', lb_policy: 'RANDOM' });
    expect(parseEscapeHatch(JSON.stringify(json), CLUSTER)).toEqual({
      message: { name: 'own-app', connect_timeout: { seconds: '6', nanos: 0 }, type: 'STATIC', lb_policy: 'RANDOM' },
    });
  });

  it.each([
    ['no JSON', '{"name": ', /^it is not JSON: /],
    ['a misspelt field', JSON.stringify({ nam: 'x' }), /^nam is not a field of envoy\.config\.cluster\.v3\.Cluster$/],
    ['another message', JSON.stringify(typed('envoy.config.listener.v3.Listener', {})), /must be of type .*Cluster/],
    ['a message of an old API', JSON.stringify(typed('envoy.api.v2.Cluster', {})), /must be of type .*v3\.Cluster/],
    ['a list', '[]', /must be an object/],
  ])('that is %s is a sentence, not a failure', (_what, text, sentence) => {
    expect(parseEscapeHatch(text, CLUSTER)).toEqual({ problem: expect.stringMatching(sentence) });
  });

  it('never throws, whatever it holds', () => {
    fc.assert(
      fc.property(fc.oneof(fc.json(), fc.string()), (text) => {
        const parsed = parseEscapeHatch(text, CLUSTER);
        expect('problem' in parsed || typeof parsed.message === 'object').toBe(true);
      }),
    );
  });
});

describe('a cluster that the user wrote', () => {
  const text = JSON.stringify(typed(CLUSTER, { name: 'own-orders', type: 'STATIC', connect_timeout: '6s' }));
  const decoded = (json: string, replaced: ReplacedCluster): Decoded => {
    const cluster = escapedCluster(json, replaced);
    return 'any' in cluster ? decodeAnyDeep(cluster.any) : cluster;
  };

  it('keeps its name, and gets the mutual TLS of the one whose place it takes', () => {
    const transportSocket = upstreamTlsSocket('orders.internal', ['spiffe://mesh/orders'], undefined);
    const cluster = decoded(text, { name: 'orders', transportSocket });
    expect(cluster).toMatchObject({ name: 'orders', type: 'STATIC', connect_timeout: { seconds: '6' } });
    expect(cluster.transport_socket.typed_config.sni).toBe('orders.internal');
  });

  it('stays without TLS towards the application, and without a name takes ours', () => {
    expect(decoded(text, { name: 'local_app' }).transport_socket ?? null).toBeNull();
    expect(decoded(JSON.stringify(typed(CLUSTER, {})), { name: 'local_app' }).name).toBe('local_app');
  });

  it('that cannot be read is a sentence', () => {
    expect(escapedCluster('{}}', { name: 'local_app' })).toEqual({ problem: expect.stringMatching(/^it is not JSON/) });
  });
});

describe('a public listener that the user wrote', () => {
  const address = { socket_address: { address: '127.0.0.1', port_value: 9999 } };
  const tcpProxy = {
    name: 'envoy.filters.network.tcp_proxy',
    typed_config: typed('envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy', {
      stat_prefix: 'own',
      cluster: 'own',
    }),
  };
  const router = {
    name: 'envoy.filters.http.router',
    typed_config: typed('envoy.extensions.filters.http.router.v3.Router', {}),
  };
  const manager = (fields: object = {}): object => ({
    name: 'own',
    typed_config: typed(MANAGER, {
      stat_prefix: 'own',
      route_config: { name: 'own' },
      http_filters: [router],
      ...fields,
    }),
  });
  const options = (listener: object, protocol = 'tcp'): SidecarOptions => ({
    config: {
      protocol,
      envoy_public_listener_json: JSON.stringify(typed('envoy.config.listener.v3.Listener', listener)),
    },
  });
  const listenerOf = (given: SidecarOptions): Decoded => built(publicListener, sidecarView(given), PROXY).message;
  const socketOf = (chain: Decoded): Decoded => chain.transport_socket.typed_config;

  it('keeps its name, address and filters', () => {
    const given = options({ name: 'own-listener', address, filter_chains: [{ filters: [tcpProxy] }] });
    const listener = listenerOf(given);
    expect(listener).toMatchObject({ name: 'own-listener', address, traffic_direction: 'INBOUND' });
    expect(listener.filter_chains[0].filters.at(-1).typed_config).toMatchObject({ stat_prefix: 'own', cluster: 'own' });
    expect(publicListenerName(sidecarOf(sidecarView(given)))).toBe('own-listener');
  });

  it('without a name gets ours', () => {
    expect(listenerOf(options({ address, filter_chains: [{ filters: [tcpProxy] }] })).name).toBe(
      'public_listener:10.1.0.5:21000',
    );
  });

  it('demands certificates and asks intentions in every chain, whatever was there', () => {
    const plaintext = {
      name: 'raw',
      typed_config: typed('envoy.extensions.transport_sockets.raw_buffer.v3.RawBuffer', {}),
    };
    const chain = { filters: [tcpProxy], transport_socket: plaintext };
    const listener = listenerOf(options({ address, filter_chains: [chain, chain], default_filter_chain: chain }));
    const chains = [...listener.filter_chains, listener.default_filter_chain];
    expect(chains.map((each: Decoded) => each.filters[0].name)).toEqual(Array(3).fill('envoy.filters.network.rbac'));
    expect(chains.map((each: Decoded) => socketOf(each).require_client_certificate)).toEqual(
      Array(3).fill({ value: true }),
    );
  });

  it('asks intentions about requests in the connection manager of an HTTP service, first of all', () => {
    const listener = listenerOf(options({ address, filter_chains: [{ filters: [manager()] }] }, 'http'));
    const [filter] = listener.filter_chains[0].filters;
    const [first, second] = filter.typed_config.http_filters;
    expect(filter.name).toBe('own');
    expect(first.name).toBe('envoy.filters.http.rbac');
    expect(first.config_discovery.default_config.rules.policies ?? {}).toEqual({});
    expect(second.name).toBe('envoy.filters.http.router');
    expect(filter.typed_config.stat_prefix).toBe('own');
    expect(filter.typed_config.route_config.name).toBe('own');
  });

  it('normalises paths unless it says itself what happens to them', () => {
    const normalizes = (fields: object): unknown => {
      const listener = listenerOf(options({ address, filter_chains: [{ filters: [manager(fields)] }] }, 'http'));
      return listener.filter_chains[0].filters[0].typed_config.normalize_path.value ?? false;
    };
    expect(normalizes({})).toBe(true);
    expect(normalizes({ normalize_path: false })).toBe(false);
  });

  it('asks about connections in a chain of an HTTP service that has no connection manager', () => {
    const given = options({ address, filter_chains: [{ filters: [manager()] }, { filters: [tcpProxy] }] }, 'http');
    expect(listenerOf(given).filter_chains[1].filters[0].name).toBe('envoy.filters.network.rbac');
    expect(publicListenerRbacLayers(sidecarOf(sidecarView(given)))).toEqual(['http', 'network']);
    const needs = sidecarView(given).cell(proxyNeedsCell, proxyKey(PROXY));
    expect([...(needs?.resources.get('extension')?.keys() ?? [])].sort()).toEqual([
      'envoy.filters.http.rbac',
      'envoy.filters.network.rbac',
    ]);
  });

  it('asks about connections where the connection manager is fetched from elsewhere', () => {
    const config_discovery = { config_source: { ads: {} }, type_urls: [`type.googleapis.com/${MANAGER}`] };
    for (const filter of [
      { name: 'own', config_discovery },
      { ...manager(), config_discovery },
    ]) {
      const listener = listenerOf(options({ address, filter_chains: [{ filters: [filter] }] }, 'http'));
      expect(listener.filter_chains[0].filters[0].name).toBe('envoy.filters.network.rbac');
    }
  });

  it.each([
    ['cannot be read', { address, filter_chain: [] }, /filter_chain is not a field/],
    ['has no chain', { address }, /it has no filter chain/],
    ['has no address', { filter_chains: [{ filters: [tcpProxy] }] }, /it has no address/],
    ['takes packets', { address, udp_listener_config: {}, filter_chains: [{}] }, /leave udp_listener_config out/],
  ])('that %s is left out with a sentence, and ours stands', (_what, listener, sentence) => {
    const given = options(listener);
    expect(publicListenerProblems(sidecarOf(sidecarView(given)))).toEqual([expect.stringMatching(sentence)]);
    expect(listenerOf(given)).toEqual(listenerOf({ config: { protocol: 'tcp' } }));
  });
});
