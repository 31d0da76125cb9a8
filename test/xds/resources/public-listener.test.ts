import { beforeAll, describe, expect, it } from 'vitest';
import { cipherSuites } from '../../../src/model/config-entries/rules/tls.js';
import { checkEncoding } from '../../../src/xds/envoy-api/index.js';
import {
  publicListener,
  publicListenerName,
  publicListenerProblems,
} from '../../../src/xds/resources/inbound/public-listener.js';
import { type Decoded, PROXY, type SidecarOptions, built, sidecarOf, sidecarView } from './support/sidecar.js';

beforeAll(() => checkEncoding(true));

const listenerOf = (options: SidecarOptions): Decoded => built(publicListener, sidecarView(options), PROXY).message;
const filtersOf = (listener: Decoded): Decoded[] => listener.filter_chains[0].filters;
const namesOf = (filters: Decoded[]): string[] => filters.map((filter) => filter.name);
const managerOf = (options: SidecarOptions): Decoded => filtersOf(listenerOf(options)).at(-1).typed_config;
const http = { protocol: 'http' };

describe('the public listener', () => {
  it('judges connections of a TCP service before it passes them on', () => {
    const listener = listenerOf({});
    expect(listener.name).toBe('public_listener:10.1.0.5:21000');
    expect(listener.address.socket_address).toMatchObject({ address: '10.1.0.5', port_value: 21000 });
    expect(listener.traffic_direction).toBe('INBOUND');
    expect(namesOf(filtersOf(listener))).toEqual(['envoy.filters.network.rbac', 'envoy.filters.network.tcp_proxy']);
    expect(filtersOf(listener)[1].typed_config).toMatchObject({ stat_prefix: 'public_listener', cluster: 'local_app' });
  });

  it('judges requests of an HTTP service before any other filter sees them', () => {
    const manager = managerOf({ config: http });
    expect(namesOf(manager.http_filters)).toEqual([
      'envoy.filters.http.rbac',
      'envoy.filters.http.header_to_metadata',
      'envoy.filters.http.router',
    ]);
    expect(manager.route_config).toMatchObject({
      name: 'public_listener',
      virtual_hosts: [{ domains: ['*'], routes: [{ match: { prefix: '/' }, route: { cluster: 'local_app' } }] }],
    });
    expect(manager.normalize_path).toEqual({ value: true });
    expect(manager.forward_client_cert_details).toBe('APPEND_FORWARD');
  });

  it.each([
    ['tcp', (listener: Decoded) => filtersOf(listener)[0], 'network'],
    ['http', (listener: Decoded) => filtersOf(listener)[0].typed_config.http_filters[0], 'http'],
  ])('lets nobody through a %s listener until the rules come', (protocol, rbacOf, layer) => {
    const { config_discovery: discovery, typed_config: inline } = rbacOf(listenerOf({ config: { protocol } }));
    const type = `type.googleapis.com/envoy.extensions.filters.${layer}.rbac.v3.RBAC`;
    expect(inline).toBeUndefined();
    expect(discovery.config_source).toMatchObject({ ads: {}, resource_api_version: 'V3' });
    expect(discovery.type_urls).toEqual([type]);
    expect(discovery.default_config['@type']).toBe(type);
    expect(discovery.default_config.rules.policies ?? {}).toEqual({});
    expect(discovery.default_config.rules.action ?? 'ALLOW').toBe('ALLOW');
    expect(discovery.apply_default_config_without_warming ?? false).toBe(false);
  });

  it('demands a certificate of our roots, and names all that it makes Envoy fetch', () => {
    const resource = built(publicListener, sidecarView({ config: http }), PROXY);
    const socket = resource.message.filter_chains[0].transport_socket.typed_config;
    expect(socket.require_client_certificate).toEqual({ value: true });
    expect(socket.common_tls_context.validation_context_sds_secret_config.name).toBe('roots');
    expect(resource.references).toEqual([
      { type: 'extension', name: 'envoy.filters.http.rbac' },
      { type: 'secret', name: 'leaf' },
      { type: 'secret', name: 'roots' },
    ]);
  });

  it("offers the mesh's TLS versions and cipher suites, by the names that Envoy knows", () => {
    const Incoming = { TLSMinVersion: 'TLSv1_1', TLSMaxVersion: 'TLSv1_2', CipherSuites: [...cipherSuites] };
    const [chain] = listenerOf({ entries: [{ Kind: 'mesh', TLS: { Incoming } }] }).filter_chains;
    const parameters = chain.transport_socket.typed_config.common_tls_context.tls_params;
    expect(parameters).toMatchObject({
      tls_minimum_protocol_version: 'TLSv1_1',
      tls_maximum_protocol_version: 'TLSv1_2',
    });
    expect(parameters.cipher_suites).toHaveLength(cipherSuites.size);
    expect(parameters.cipher_suites.filter((suite: string) => suite.startsWith('TLS_'))).toEqual([]);
    expect(parameters.cipher_suites).toContain('ECDHE-ECDSA-AES256-GCM-SHA384');
  });

  it('binds to the configured address and port, else to every address when the sidecar has none', () => {
    const bound = sidecarView({ config: { bind_address: '127.0.0.2', bind_port: '8888' } });
    expect(publicListenerName(sidecarOf(bound))).toBe('public_listener:127.0.0.2:8888');
    expect(publicListenerName(sidecarOf(sidecarView({ address: '' })))).toBe('public_listener:0.0.0.0:21000');
  });

  it('puts gRPC filters first and tells gRPC services nothing of certificates', () => {
    const manager = managerOf({ config: { protocol: 'grpc' } });
    expect(namesOf(manager.http_filters)).toEqual([
      'envoy.filters.http.grpc_stats',
      'envoy.filters.http.grpc_http1_bridge',
      'envoy.filters.http.rbac',
      'envoy.filters.http.router',
    ]);
    expect(manager.http2_protocol_options).toBeDefined();
    expect(manager.forward_client_cert_details ?? 'SANITIZE').toBe('SANITIZE');
  });

  it('drops the certificate header when the mesh says so', () => {
    const entries = [{ Kind: 'mesh', HTTP: { SanitizeXForwardedClientCert: true } }];
    const manager = managerOf({ config: http, entries });
    expect(namesOf(manager.http_filters)).toEqual(['envoy.filters.http.rbac', 'envoy.filters.http.router']);
    expect(manager.forward_client_cert_details ?? 'SANITIZE').toBe('SANITIZE');
  });

  it('normalises requests as the mesh says', () => {
    const RequestNormalization = {
      MergeSlashes: true,
      PathWithEscapedSlashesAction: 'REJECT_REQUEST',
      HeadersWithUnderscoresAction: 'DROP_HEADER',
    };
    const entries = [{ Kind: 'mesh', HTTP: { Incoming: { RequestNormalization } } }];
    expect(managerOf({ config: http, entries })).toMatchObject({
      normalize_path: { value: true },
      merge_slashes: true,
      path_with_escaped_slashes_action: 'REJECT_REQUEST',
      common_http_protocol_options: { headers_with_underscores_action: 'DROP_HEADER' },
    });
  });

  it('leaves paths as they come only when the mesh disables normalisation', () => {
    const RequestNormalization = { InsecureDisablePathNormalization: true };
    const entries = [{ Kind: 'mesh', HTTP: { Incoming: { RequestNormalization } } }];
    expect(managerOf({ config: http, entries }).normalize_path ?? null).toBeNull();
  });

  it('waits for the application as long as configured, zero meaning for ever', () => {
    const routeOf = (config: Record<string, unknown>): Decoded =>
      managerOf({ config: { ...http, ...config } }).route_config.virtual_hosts[0].routes[0].route;
    expect(routeOf({})).not.toHaveProperty('timeout');
    expect(routeOf({ local_request_timeout_ms: 1500 }).timeout).toEqual({ seconds: '1', nanos: 500_000_000 });
    expect(Number(routeOf({ local_request_timeout_ms: 0 }).timeout.seconds)).toBe(0);
    expect(routeOf({ local_idle_timeout_ms: '3000' }).idle_timeout.seconds).toBe('3');
  });

  it('limits and balances connections when configured', () => {
    const limited = listenerOf({
      config: { max_inbound_connections: 222, balance_inbound_connections: 'exact_balance' },
    });
    expect(namesOf(filtersOf(limited))).toEqual([
      'envoy.filters.network.rbac',
      'envoy.filters.network.connection_limit',
      'envoy.filters.network.tcp_proxy',
    ]);
    expect(filtersOf(limited)[1].typed_config).toMatchObject({
      stat_prefix: 'inbound_connection_limit',
      max_connections: { value: '222' },
    });
    expect(limited.connection_balance_config.exact_balance).toBeDefined();
    expect(listenerOf({}).connection_balance_config ?? null).toBeNull();
  });

  it('keeps everything outside its chain when the mesh or an intention changes', () => {
    const outside = ({ filter_chains: _chains, ...rest }: Decoded): Decoded => rest;
    const mesh = {
      Kind: 'mesh',
      TLS: { Incoming: { TLSMinVersion: 'TLSv1_2' } },
      HTTP: { SanitizeXForwardedClientCert: true },
    };
    const intentions = { Kind: 'service-intentions', Name: 'front', Sources: [{ Name: 'web', Action: 'deny' }] };
    expect(outside(listenerOf({ config: http, entries: [mesh, intentions] }))).toEqual(
      outside(listenerOf({ config: http })),
    );
  });

  it('does not change with intentions at all: their rules are fetched', () => {
    const intentions = { Kind: 'service-intentions', Name: 'front', Sources: [{ Name: 'web', Action: 'deny' }] };
    expect(listenerOf({ config: http, entries: [intentions] })).toEqual(listenerOf({ config: http }));
  });

  it('is made by the names of the state: nothing for a sidecar that is not there', () => {
    expect(publicListener(sidecarView({}), { node: 'node-two', proxyId: 'front-proxy' })).toBeUndefined();
  });
});

describe('tracing of a public listener', () => {
  const tracing = (json: unknown): SidecarOptions => ({
    config: { ...http, envoy_listener_tracing_json: typeof json === 'string' ? json : JSON.stringify(json) },
  });

  it('samples nothing by itself', () => {
    expect(managerOf({ config: http }).tracing.random_sampling.value ?? 0).toBe(0);
  });

  it('is what the user wrote', () => {
    const provider = {
      name: 'envoy.tracers.zipkin',
      typed_config: {
        '@type': 'type.googleapis.com/envoy.config.trace.v3.ZipkinConfig',
        collector_cluster: 'zipkin',
        collector_endpoint: '/api/v2/spans',
        collector_endpoint_version: 'HTTP_JSON',
      },
    };
    const type = 'envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager.Tracing';
    const manager = managerOf(
      tracing({ '@type': `type.googleapis.com/${type}`, random_sampling: { value: 25 }, provider }),
    );
    expect(manager.tracing).toMatchObject({ random_sampling: { value: 25 }, provider });
  });

  it('stays off with a sentence when it cannot be read', () => {
    const view = sidecarView(tracing({ random_sampling: { valu: 25 } }));
    expect(publicListenerProblems(sidecarOf(view))).toEqual([
      expect.stringMatching(/^envoy_listener_tracing_json is ignored: random_sampling\.valu is not a field/),
    ]);
    expect(managerOf(tracing('{')).tracing.random_sampling.value ?? 0).toBe(0);
  });
});
