import fc from 'fast-check';

/** One call of the HTTP API. */
export interface Change {
  readonly method: 'PUT' | 'DELETE';
  readonly path: string;
  readonly body?: Readonly<Record<string, unknown>>;
}

/*
 * Changes that are valid in any order in a mesh where `web` calls `api` (versions 1, 1 and 2, the first two are api1 and api3) and
 * `api` could be replaced by `billing`, and after each of which every request of `web` must be answered with 200: whatever would
 * rightly fail a request is left out, and so are retries, which would hide what should not happen.
 */
const write = (Kind: string, body: Readonly<Record<string, unknown>>): Change => ({
  method: 'PUT',
  path: '/v1/config',
  body: { Kind, ...body },
});

const sometimes = <Value>(arbitrary: fc.Arbitrary<Value>) => fc.option(arbitrary, { nil: undefined });
const word = fc.constantFrom('alpha', 'beta', 'gamma', 'x-y');
const milliseconds = fc.integer({ min: 5_000, max: 60_000 });

const headerModifiers = fc.record(
  {
    Add: fc.dictionary(fc.constantFrom('x-added', 'x-more'), word, { maxKeys: 2 }),
    Set: fc.dictionary(fc.constantFrom('x-set', 'x-other'), word, { maxKeys: 2 }),
    Remove: fc.subarray(['x-gone', 'x-away']),
  },
  { requiredKeys: [] },
);

const modified = { RequestHeaders: sometimes(headerModifiers), ResponseHeaders: sometimes(headerModifiers) };

const splitter = fc
  .record({
    first: fc.integer({ min: 0, max: 10_000 }),
    billing: fc.integer({ min: 0, max: 10_000 }),
    v1: fc.record(modified),
    v2: fc.record(modified),
  })
  .map(({ first, billing, v1, v2 }) => {
    const toV1 = Math.min(first, 10_000);
    const toBilling = Math.min(billing, 10_000 - toV1);
    return write('service-splitter', {
      Name: 'api',
      Splits: [
        { Weight: toV1 / 100, ServiceSubset: 'v1', ...v1 },
        { Weight: (10_000 - toV1 - toBilling) / 100, ServiceSubset: 'v2', ...v2 },
        { Weight: toBilling / 100, Service: 'billing' },
      ],
    });
  });

const hashPolicy = fc.oneof(
  fc.record({ Field: fc.constantFrom('header', 'query_parameter'), FieldValue: word, Terminal: fc.boolean() }),
  fc.record({
    Field: fc.constant('cookie'),
    FieldValue: word,
    CookieConfig: fc.record({ TTL: fc.constantFrom('10s', '1h'), Path: fc.constantFrom('', '/') }),
  }),
  fc.record({ SourceIP: fc.constant(true) }),
);

const loadBalancer = fc.oneof(
  fc.record({ Policy: fc.constantFrom('random', 'round_robin', 'least_request') }),
  fc.record({
    Policy: fc.constant('least_request'),
    LeastRequestConfig: fc.record({ ChoiceCount: fc.integer({ min: 2, max: 5 }) }),
  }),
  fc.record({ Policy: fc.constant('maglev'), HashPolicies: fc.array(hashPolicy, { maxLength: 3 }) }),
  fc.record({
    Policy: fc.constant('ring_hash'),
    RingHashConfig: fc.record({
      MinimumRingSize: fc.integer({ min: 64, max: 256 }),
      MaximumRingSize: fc.integer({ min: 256, max: 1_024 }),
    }),
    HashPolicies: fc.array(hashPolicy, { maxLength: 3 }),
  }),
);

const failover = fc.oneof(
  fc.constant({}),
  fc.constant({ '*': { Service: 'billing' } }),
  fc.constant({ v1: { ServiceSubset: 'v2' }, '*': { Targets: [{ Service: 'billing' }] } }),
  fc.constant({ v2: { Targets: [{ ServiceSubset: 'v1' }, { Service: 'billing' }] } }),
);

/** Version 1 by different expressions that mean the same. */
const firstVersion = fc.constantFrom(
  'Service.Meta.version == 1',
  '"1" in Service.Meta.version and Service.Meta.version != 2',
  'not (Service.Meta.version == "2")',
);

export const resolver = (filter: string, more: Readonly<Record<string, unknown>> = {}): Change =>
  write('service-resolver', {
    Name: 'api',
    Subsets: { v1: { Filter: filter }, v2: { Filter: 'Service.Meta.version == 2' } },
    ...more,
  });

const anyResolver = fc
  .record({
    filter: firstVersion,
    more: fc.record({
      DefaultSubset: fc.constantFrom('', 'v1', 'v2'),
      ConnectTimeout: sometimes(milliseconds.map((ms) => `${ms}ms`)),
      RequestTimeout: sometimes(milliseconds.map((ms) => `${ms}ms`)),
      LoadBalancer: sometimes(loadBalancer),
      Failover: failover,
    }),
  })
  .map(({ filter, more }) => resolver(filter, more));

const match = fc.oneof(
  fc.record({ PathPrefix: fc.constantFrom('/', '/a', '/b/'), CaseInsensitive: fc.boolean() }),
  fc.record({ PathExact: fc.constantFrom('/', '/a', '/b/c') }),
  fc.record({ PathRegex: fc.constantFrom('/[a-z]+', '/(a|b).*', '/.{0,20}x?') }),
  fc.record({
    Header: fc.array(
      fc.oneof(
        fc.record({ Name: fc.constant('x-user'), Exact: word, Invert: fc.boolean() }),
        fc.record({ Name: fc.constant('x-user'), Present: fc.constant(true) }),
        fc.record({ Name: fc.constant('x-user'), Regex: fc.constantFrom('al.*', '[a-z]+') }),
        fc.record({ Name: fc.constant('x-user'), Suffix: fc.constant('a') }),
      ),
      { minLength: 1, maxLength: 2 },
    ),
    Methods: fc.subarray(['GET', 'POST', 'PUT']),
  }),
  fc.record({
    PathPrefix: fc.constant('/'),
    QueryParam: fc.array(
      fc.oneof(
        fc.record({ Name: fc.constant('q'), Present: fc.constant(true) }),
        fc.record({ Name: fc.constant('q'), Exact: word }),
        fc.record({ Name: fc.constant('q'), Regex: fc.constant('[a-z]*') }),
      ),
      { minLength: 1, maxLength: 2 },
    ),
  }),
);

const destination = fc
  .oneof(
    fc.record({ ServiceSubset: fc.constantFrom('v1', 'v2') }),
    fc.record({ Service: fc.constantFrom('billing', 'legacy') }),
    fc.constant({}),
  )
  .chain((target) =>
    fc
      .record({
        PrefixRewrite: fc.constantFrom('', '/rewritten', '/'),
        RequestTimeout: sometimes(milliseconds.map((ms) => `${ms}ms`)),
        IdleTimeout: sometimes(milliseconds.map((ms) => `${ms}ms`)),
        ...modified,
      })
      .map((more) => ({ ...target, ...more })),
  );

const route = fc.record({ HTTP: match, Destination: destination }).map(({ HTTP, Destination }) => {
  // A prefix is rewritten only where one was matched.
  const { PrefixRewrite, ...rest } = Destination;
  const takesRewrite = 'PathPrefix' in HTTP || 'PathExact' in HTTP;
  return { Match: { HTTP }, Destination: takesRewrite ? { PrefixRewrite, ...rest } : rest };
});

const router = fc.array(route, { maxLength: 5 }).map((Routes) => write('service-router', { Name: 'api', Routes }));

const permission = fc.oneof(
  fc.record({
    Action: fc.constant('deny'),
    HTTP: fc.record({ PathPrefix: fc.constantFrom('/forbidden', '/secret/') }),
  }),
  fc.record({
    Action: fc.constant('deny'),
    HTTP: fc.record({ PathRegex: fc.constant('/never[0-9]+'), Methods: fc.subarray(['DELETE', 'PUT']) }),
  }),
  fc.record({
    Action: fc.constant('deny'),
    HTTP: fc.record({ Header: fc.constant([{ Name: 'x-blocked', Present: true }]) }),
  }),
  fc.record({ Action: fc.constant('allow'), HTTP: fc.record({ PathPrefix: fc.constant('/') }) }),
);

/** Others are denied or allowed; `web` always gets through with what the load asks for. */
const intentions = fc
  .record({
    name: fc.constantFrom('api', 'billing'),
    permissions: fc.array(permission, { maxLength: 4 }),
    others: fc.subarray(['x', 'y', '*']),
    action: fc.constantFrom('allow', 'deny'),
  })
  .map(({ name, permissions, others, action }) =>
    write('service-intentions', {
      Name: name,
      Sources: [
        permissions.length > 0
          ? { Name: 'web', Permissions: [...permissions, { Action: 'allow', HTTP: { PathPrefix: '/' } }] }
          : { Name: 'web', Action: 'allow' },
        ...others.map((Name) => ({ Name, Action: action })),
      ],
    }),
  );

const limits = fc.record(
  {
    MaxConnections: fc.integer({ min: 500, max: 5_000 }),
    MaxPendingRequests: fc.integer({ min: 500, max: 5_000 }),
    MaxConcurrentRequests: fc.integer({ min: 500, max: 5_000 }),
  },
  { requiredKeys: [] },
);
const passiveHealthCheck = fc.record({
  Interval: fc.constantFrom('5s', '30s'),
  MaxFailures: fc.integer({ min: 5, max: 20 }),
  EnforcingConsecutive5xx: sometimes(fc.integer({ min: 0, max: 100 })),
  MaxEjectionPercent: sometimes(fc.integer({ min: 0, max: 50 })),
  BaseEjectionTime: sometimes(fc.constantFrom('1s', '30s')),
});
const upstream = fc.record({
  ConnectTimeoutMs: milliseconds,
  Limits: sometimes(limits),
  PassiveHealthCheck: sometimes(passiveHealthCheck),
  BalanceOutboundConnections: fc.constantFrom('', 'exact_balance'),
});

const serviceDefaults = fc
  .record({
    Name: fc.constantFrom('web', 'api', 'billing'),
    MaxInboundConnections: fc.constantFrom(0, 1_000, 2_000),
    LocalConnectTimeoutMs: milliseconds,
    LocalRequestTimeoutMs: milliseconds,
    BalanceInboundConnections: fc.constantFrom('', 'exact_balance'),
    UpstreamConfig: sometimes(
      fc.record({
        Defaults: sometimes(upstream),
        Overrides: fc.array(
          upstream.map((one) => ({ Name: 'api', ...one })),
          { maxLength: 1 },
        ),
      }),
    ),
    Meta: fc.dictionary(word, word, { maxKeys: 2 }),
  })
  .map((body) => write('service-defaults', { Protocol: 'http', ...body }));

const proxyDefaults = fc
  .record({
    Config: fc.record(
      {
        local_connect_timeout_ms: milliseconds,
        local_request_timeout_ms: milliseconds,
        local_idle_timeout_ms: milliseconds,
        max_inbound_connections: fc.constant(3_000),
        anything_else: word,
      },
      { requiredKeys: [] },
    ),
    AccessLogs: fc.oneof(
      fc.constant({}),
      fc.constant({ Enabled: true, Type: 'file', Path: '/dev/null' }),
      fc.constant({
        Enabled: true,
        DisableListenerLogs: true,
        Type: 'file',
        Path: '/dev/null',
        TextFormat: '%RESPONSE_CODE% %PROTOCOL%\n',
      }),
      fc.constant({
        Enabled: true,
        Type: 'file',
        Path: '/dev/null',
        JSONFormat: '{"code": "%RESPONSE_CODE%", "n": {"a": "b"}}',
      }),
    ),
  })
  .map((body) => write('proxy-defaults', { Name: 'global', ...body }));

const tlsParameters = fc.record(
  {
    TLSMinVersion: fc.constantFrom('', 'TLS_AUTO', 'TLSv1_2'),
    TLSMaxVersion: fc.constantFrom('', 'TLS_AUTO', 'TLSv1_3'),
    CipherSuites: fc.constantFrom(
      [],
      ['TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256', 'TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384'],
    ),
  },
  { requiredKeys: [] },
);
const meshEntry = fc
  .record({
    TLS: sometimes(fc.record({ Incoming: tlsParameters, Outgoing: tlsParameters })),
    HTTP: sometimes(
      fc.record({
        SanitizeXForwardedClientCert: fc.boolean(),
        Incoming: sometimes(
          fc.record({
            RequestNormalization: fc.record({
              MergeSlashes: fc.boolean(),
              PathWithEscapedSlashesAction: fc.constantFrom('', 'KEEP_UNCHANGED'),
              HeadersWithUnderscoresAction: fc.constantFrom('', 'ALLOW'),
            }),
          }),
        ),
      }),
    ),
    ValidateClusters: fc.boolean(),
  })
  .map((body) => write('mesh', body));

const removal = fc
  .constantFrom(
    'service-router/api',
    'service-splitter/api',
    'service-intentions/api',
    'service-intentions/billing',
    'proxy-defaults/global',
    'mesh/mesh',
  )
  .map((what): Change => ({ method: 'DELETE', path: `/v1/config/${what}` }));

/** The second instance of version 1 goes into maintenance, and out of it. */
const maintenance = fc
  .boolean()
  .map((isOn): Change => ({ method: 'PUT', path: `/v1/agent/service/maintenance/api3?enable=${isOn}&reason=test` }));

/** Any of these changes, the ones that concern traffic more often. */
export const anyChange: fc.Arbitrary<Change> = fc.oneof(
  { weight: 4, arbitrary: splitter },
  { weight: 4, arbitrary: anyResolver },
  { weight: 5, arbitrary: router },
  { weight: 3, arbitrary: intentions },
  { weight: 2, arbitrary: serviceDefaults },
  { weight: 1, arbitrary: proxyDefaults },
  { weight: 1, arbitrary: meshEntry },
  { weight: 2, arbitrary: maintenance },
  { weight: 3, arbitrary: removal },
);
