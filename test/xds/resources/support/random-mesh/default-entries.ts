import fc from 'fast-check';
import { duration, few, number, path, protocol, service, some, text, upTo } from './values.js';

const accessLogs = fc
  .record({
    Enabled: fc.constant(true),
    rest: few({ DisableListenerLogs: fc.boolean(), Type: text('stdout', 'stderr') }),
  })
  .chain(({ rest, ...enabled }) =>
    fc
      .oneof(
        fc.constant<object>({}),
        text('%START_TIME% %RESPONSE_CODE%', 'a\nb', '%REQ(x-a?:path):9%', '%DYNAMIC_METADATA(a:b)%').map(
          (TextFormat): object => ({ TextFormat }),
        ),
        text('{"a":"%PROTOCOL%"}', '{"a":{"b":[1,true,null]}}', '{}').map((JSONFormat): object => ({ JSONFormat })),
      )
      .map((format) => ({ ...enabled, ...rest, ...format })),
  );

const exposePath = some({
  ListenerPort: number(21_500, 21_501, 21_502),
  Path: path,
  LocalPathPort: number(8080, 9090),
  Protocol: text('http', 'http2'),
});
export const expose = some({ Checks: fc.boolean(), Paths: upTo(2, exposePath) });

const tracing = JSON.stringify({
  provider: {
    name: 'envoy.tracers.zipkin',
    typedConfig: {
      '@type': 'type.googleapis.com/envoy.config.trace.v3.ZipkinConfig',
      collector_cluster: 'local_app',
      collector_endpoint: '/spans',
      collector_endpoint_version: 'HTTP_JSON',
    },
  },
});
const escapedCluster = JSON.stringify({
  '@type': 'type.googleapis.com/envoy.config.cluster.v3.Cluster',
  name: 'mine',
  connect_timeout: '3s',
  load_assignment: { cluster_name: 'mine' },
});

/** The opaque settings of a proxy (consul-behaviour 6.13). */
export const proxyConfig = few(
  {
    protocol,
    local_connect_timeout_ms: number(1000, 5000),
    local_request_timeout_ms: number(1000, 0),
    local_idle_timeout_ms: number(1000, 0),
    max_inbound_connections: number(0, 10),
    balance_inbound_connections: text('exact_balance', ''),
    xds_fetch_timeout_ms: number(0, 2000),
    envoy_listener_tracing_json: text(tracing),
    envoy_local_cluster_json: text(escapedCluster),
  },
  3,
);

const limits = some({
  MaxConnections: number(0, 10),
  MaxPendingRequests: number(0, 10),
  MaxConcurrentRequests: number(0, 10),
});
const passiveHealthCheck = few({
  Interval: duration,
  MaxFailures: number(0, 5),
  EnforcingConsecutive5xx: number(0, 50, 100),
  MaxEjectionPercent: number(0, 50, 100),
  BaseEjectionTime: duration,
});
const upstreamConfig = few({
  Protocol: protocol,
  ConnectTimeoutMs: number(100, 5000),
  Limits: limits,
  PassiveHealthCheck: passiveHealthCheck,
  MeshGateway: fc.record({ Mode: text('', 'none', 'local', 'remote') }),
  BalanceOutboundConnections: text('exact_balance', ''),
  EnvoyClusterJSON: text(escapedCluster),
});

/** What a registration says about an upstream: the same in its own spelling. */
export const upstreamOpaque = few({
  protocol,
  connect_timeout_ms: number(100, 5000),
  limits: some({ max_connections: number(0, 10), max_pending_requests: number(3), max_concurrent_requests: number(3) }),
  passive_health_check: some({
    interval: duration,
    max_failures: number(0, 5),
    enforcing_consecutive_5xx: number(0, 100),
  }),
  balance_outbound_connections: text('exact_balance', ''),
  envoy_cluster_json: text(escapedCluster),
});

const extension = fc.oneof(
  fc.record({
    Name: fc.constant('builtin/lua'),
    Required: fc.boolean(),
    Arguments: fc.record({
      ProxyType: fc.constant('connect-proxy'),
      Listener: text('inbound', 'outbound'),
      // One that is no Lua is found out by Envoy only, and shown as its refusal.
      Script: fc.constantFrom('function envoy_on_request(h)\n  h:headers():add("x-l", "1")\nend', '-- nothing'),
    }),
  }),
  fc.record({
    Name: text('builtin/property-override', 'builtin/ext-authz', 'builtin/none'),
    Arguments: fc.constant({}),
  }),
);
const extensions = upTo(1, extension);

export const proxyDefaults = few(
  {
    Config: proxyConfig,
    MeshGateway: fc.record({ Mode: text('', 'none', 'local', 'remote') }),
    Mode: text('', 'direct', 'transparent'),
    PrioritizeByLocality: fc.record({ Mode: text('', 'none', 'failover') }),
    Expose: expose,
    AccessLogs: accessLogs,
    EnvoyExtensions: extensions,
    MutualTLSMode: text('', 'strict', 'permissive'),
    TransparentProxy: some({ OutboundListenerPort: number(15_001), DialedDirectly: fc.boolean() }),
  },
  3,
).map((rest) => ({ Kind: 'proxy-defaults', Name: 'global', ...rest }));

const perSecond = { RequestsPerSecond: number(1, 100), RequestsMaxBurst: number(0, 150) };
const rateLimits = fc.record({
  InstanceLevel: few(
    {
      ...perSecond,
      Routes: upTo(
        2,
        fc.oneof(
          fc.record({ PathExact: text('/login'), ...perSecond }),
          fc.record({ PathPrefix: text('/', '/search/'), ...perSecond }),
          fc.record({ PathRegex: text('/[a-z]+'), ...perSecond }),
        ),
      ),
    },
    3,
  ),
});

export const serviceDefaults = fc
  .record({
    Name: service,
    Protocol: protocol,
    more: few(
      {
        Expose: expose,
        ExternalSNI: text('outside.example'),
        UpstreamConfig: some({
          Defaults: upstreamConfig,
          Overrides: upTo(
            2,
            fc.tuple(service, upstreamConfig).map(([Name, rest]) => ({ Name, ...rest })),
          ),
        }),
        MaxInboundConnections: number(0, 5),
        LocalConnectTimeoutMs: number(0, 1000),
        LocalRequestTimeoutMs: number(0, 1000),
        BalanceInboundConnections: text('exact_balance', ''),
        EnvoyExtensions: extensions,
        Mode: text('', 'transparent'),
        MutualTLSMode: text('', 'strict', 'permissive'),
        TransparentProxy: some({ OutboundListenerPort: number(15_001), DialedDirectly: fc.boolean() }),
        RateLimits: rateLimits,
      },
      3,
    ),
  })
  .map(({ Name, Protocol, more }) => ({ Kind: 'service-defaults', Name, Protocol, ...more }));

export const destinationDefaults = fc
  .record({
    Name: text('pay', 'outside'),
    Protocol: text('tcp', 'http'),
    Destination: fc.record({
      Addresses: fc.array(text('outside.example', '192.0.2.7', '2001:db8::7'), { minLength: 1, maxLength: 2 }),
      Port: number(443, 80),
    }),
  })
  .map((rest) => ({ Kind: 'service-defaults', ...rest }));
