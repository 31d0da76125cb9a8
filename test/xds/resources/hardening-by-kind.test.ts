import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ScenarioMesh, type Told } from './support/scenario-mesh.js';

type Json = Readonly<Record<string, unknown>>;

/** A mesh entry that says all it can about requests and TLS. */
const MESH = {
  Kind: 'mesh',
  TLS: {
    Incoming: {
      TLSMinVersion: 'TLSv1_2',
      TLSMaxVersion: 'TLSv1_2',
      CipherSuites: ['TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256'],
    },
    Outgoing: {
      TLSMinVersion: 'TLSv1_2',
      TLSMaxVersion: 'TLSv1_2',
      CipherSuites: ['TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384'],
    },
  },
  HTTP: {
    SanitizeXForwardedClientCert: true,
    Incoming: {
      RequestNormalization: {
        MergeSlashes: true,
        PathWithEscapedSlashesAction: 'UNESCAPE_AND_FORWARD',
        HeadersWithUnderscoresAction: 'REJECT_REQUEST',
      },
    },
  },
};
const INCOMING = {
  tls_minimum_protocol_version: 'TLSv1_2',
  tls_maximum_protocol_version: 'TLSv1_2',
  cipher_suites: ['ECDHE-ECDSA-AES128-GCM-SHA256'],
};
const OUTGOING = { ...INCOMING, cipher_suites: ['ECDHE-ECDSA-AES256-GCM-SHA384'] };
const NORMALIZED = {
  normalize_path: true,
  merge_slashes: true,
  path_with_escaped_slashes_action: 'UNESCAPE_AND_FORWARD',
  headers_with_underscores_action: 'REJECT_REQUEST',
};

interface Expected {
  /** Who terminates TLS there. */
  readonly tls: 'incoming' | 'none';
  /** Of its connection managers; none for listeners of connections. */
  readonly http: 'normalized' | 'as it came' | 'none';
}

/** Every kind of listener that a sidecar has. A new kind is not in here: the test fails until somebody decided about it. */
const KINDS: readonly (readonly [kind: string, names: RegExp, expected: Expected])[] = [
  ['public, HTTP', /^web-sidecar-proxy public_listener:/, { tls: 'incoming', http: 'normalized' }],
  ['public, gRPC', /^rpc-sidecar-proxy public_listener:/, { tls: 'incoming', http: 'normalized' }],
  ['public, TCP', /^(?:db|clear)-sidecar-proxy public_listener:/, { tls: 'incoming', http: 'none' }],
  ['public, written by the user', /^own-sidecar-proxy own-door$/, { tls: 'incoming', http: 'normalized' }],
  ['exposed path', /exposed_path_/, { tls: 'none', http: 'normalized' }],
  // What an application sends to its own sidecar is routed, not judged: it goes on as it came, and is normalised where it arrives.
  ['upstream, HTTP', / (?:web|rpc):127\.0\.0\.1:/, { tls: 'none', http: 'as it came' }],
  ['upstream, TCP', / db:\/tmp\//, { tls: 'none', http: 'none' }],
  ['prepared query', / prepared_query:near:/, { tls: 'none', http: 'as it came' }],
  ['outbound, transparent', / outbound_listener:/, { tls: 'none', http: 'as it came' }],
];

const OWN_LISTENER = JSON.stringify({
  name: 'own-door',
  address: { socket_address: { address: '0.0.0.0', port_value: 21_900 } },
  filter_chains: [
    {
      filters: [
        {
          name: 'envoy.filters.network.http_connection_manager',
          typed_config: {
            '@type':
              'type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager',
            stat_prefix: 'own',
            route_config: {
              virtual_hosts: [
                { name: 'own', domains: ['*'], routes: [{ match: { prefix: '/' }, route: { cluster: 'local_app' } }] },
              ],
            },
            http_filters: [
              {
                name: 'envoy.filters.http.router',
                typed_config: { '@type': 'type.googleapis.com/envoy.extensions.filters.http.router.v3.Router' },
              },
            ],
          },
        },
      ],
    },
  ],
});

const sidecar = (name: string, proxy: Json = {}) => ({
  service: { Name: name, Port: 80, Connect: { SidecarService: { Proxy: proxy } } },
});
const steps = [
  { config: MESH },
  ...[
    ['web', 'http'],
    ['own', 'http'],
    ['rpc', 'grpc'],
    ['clear', 'tcp'],
  ].map(([Name, Protocol]) => ({ config: { Kind: 'service-defaults', Name, Protocol } })),
  { config: { Kind: 'service-intentions', Name: 'web', Sources: [{ Name: 'clear', Action: 'allow' }] } },
  { query: { Name: 'near', Service: { Service: 'web' } } },
  sidecar('web', {
    Expose: {
      Paths: [
        { Path: '/ready', ListenerPort: 21_501 },
        { Path: '/m', ListenerPort: 21_502, Protocol: 'http2' },
      ],
    },
    Upstreams: [
      { DestinationName: 'rpc', LocalBindPort: 9001 },
      { DestinationName: 'db', LocalBindSocketPath: '/tmp/db.sock' },
      { DestinationType: 'prepared_query', DestinationName: 'near', LocalBindPort: 9002, Config: { protocol: 'http' } },
    ],
  }),
  sidecar('rpc', { Upstreams: [{ DestinationName: 'web', LocalBindPort: 9003 }] }),
  sidecar('db'),
  sidecar('own', { Config: { envoy_public_listener_json: OWN_LISTENER } }),
  sidecar('clear', { Mode: 'transparent' }),
];

function* objects(value: unknown): Generator<Json> {
  if (typeof value !== 'object' || value === null) return;
  if (!Array.isArray(value)) yield value as Json;
  for (const inner of Object.values(value)) yield* objects(inner);
}
const ofType = (value: unknown, name: string): Json[] =>
  [...objects(value)].filter((one) => String(one['@type']).endsWith(name));

describe('hardening, by kind of listener', () => {
  let mesh: ScenarioMesh;
  let all: (readonly [name: string, listener: Json])[];
  let told: Told[];
  beforeAll(async () => {
    mesh = await ScenarioMesh.start();
    for (const step of steps) await mesh.step(step);
    told = ['web', 'rpc', 'db', 'own', 'clear'].map((name) => mesh.tell(`${name}-sidecar-proxy`));
    all = told.flatMap(({ node, resources }) =>
      Object.entries(resources.listeners).map(([name, listener]) => [`${node} ${name}`, listener as Json] as const),
    );
  });
  afterAll(() => mesh.stop());

  test('every listener is of one known kind, and every kind is there', () => {
    for (const [name] of all) expect([name, KINDS.filter(([, names]) => names.test(name)).length]).toEqual([name, 1]);
    for (const [kind, names] of KINDS) expect([kind, all.some(([name]) => names.test(name))]).toEqual([kind, true]);
  });

  describe.each(KINDS)('%s', (_kind, names, expected) => {
    const listeners = () => all.filter(([name]) => names.test(name));

    test(`TLS is ${expected.tls}`, () => {
      for (const [name, listener] of listeners()) {
        const contexts = ofType(listener, '.DownstreamTlsContext');
        expect(contexts.length > 0, name).toBe(expected.tls === 'incoming');
        for (const context of contexts)
          expect((context['common_tls_context'] as Json)['tls_params'], name).toEqual(INCOMING);
      }
    });

    test(`requests are ${expected.http}`, () => {
      for (const [name, listener] of listeners()) {
        const managers = ofType(listener, '.HttpConnectionManager');
        expect(managers.length > 0, name).toBe(expected.http !== 'none');
        for (const manager of managers) {
          const { normalize_path, merge_slashes, path_with_escaped_slashes_action } = manager;
          const { headers_with_underscores_action } = (manager['common_http_protocol_options'] ?? {}) as Json;
          const found = {
            normalize_path,
            merge_slashes,
            path_with_escaped_slashes_action,
            headers_with_underscores_action,
          };
          expect(JSON.parse(JSON.stringify(found)), name).toEqual(expected.http === 'normalized' ? NORMALIZED : {});
          // SANITIZE is Envoy's own way when nothing is said.
          expect(manager['forward_client_cert_details'], name).toBeUndefined();
        }
      }
    });
  });

  test('every connection to another service follows the mesh in its TLS', () => {
    const contexts = told.flatMap(({ resources }) => ofType(resources.clusters, '.UpstreamTlsContext'));
    expect(contexts.length).toBeGreaterThan(4);
    for (const context of contexts) expect((context['common_tls_context'] as Json)['tls_params']).toEqual(OUTGOING);
  });

  test('without sanitising, callers are told of by their certificate where one was asked for, and nowhere else', async () => {
    await mesh.step({ config: { ...MESH, HTTP: { SanitizeXForwardedClientCert: false } } });
    const forwards = told.flatMap(({ node }) =>
      Object.entries(mesh.tell(node).resources.listeners).filter(([, listener]) =>
        ofType(listener, '.HttpConnectionManager').some(
          (one) => one['forward_client_cert_details'] === 'APPEND_FORWARD',
        ),
      ),
    );
    expect(forwards.map(([name]) => name.replace(/:.*/, ''))).toEqual(['public_listener']);
    expect(JSON.stringify(forwards)).not.toContain('grpc_stats');
  });
});
