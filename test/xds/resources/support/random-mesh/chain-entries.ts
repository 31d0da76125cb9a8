import fc from 'fast-check';
import {
  SUBSETS,
  duration,
  few,
  headerModifiers,
  headerName,
  mapOf,
  method,
  number,
  oneWay,
  path,
  pathWay,
  regex,
  service,
  some,
  subset,
  text,
  upTo,
} from './values.js';

const filter = text(
  'Service.Meta.version == 1',
  'Service.Meta.version != 2',
  '"blue" in Service.Tags',
  'Checks is empty or Service.Port > 80',
  'Node.Meta.rack matches "r.*"',
  'not (Service.ID == "x") and Node.Node != ""',
);

const hashPolicy = fc.oneof(
  fc.record({
    Field: text('header', 'query_parameter', 'cookie'),
    FieldValue: text('x-a', 'session', 'q'),
    Terminal: fc.boolean(),
  }),
  fc.record({
    Field: fc.constant('cookie'),
    FieldValue: text('session'),
    CookieConfig: some({ Session: fc.boolean(), TTL: duration, Path: path }),
  }),
  fc.constant({ SourceIP: true }),
);

const slowStart = few({ Window: duration, Aggression: number(0.5, 1, 2.5), MinWeightPercent: number(0, 5, 100) }, 2);
const loadBalancer = fc.oneof(
  fc.record({ Policy: text('random', 'round_robin', 'least_request', '') }),
  fc.record({ Policy: text('round_robin', 'least_request'), SlowStart: slowStart }),
  fc.record({
    Policy: fc.constant('least_request'),
    LeastRequestConfig: fc.record({ ChoiceCount: number(2, 3, 5) }),
  }),
  fc.record({ Policy: fc.constant('maglev'), HashPolicies: upTo(3, hashPolicy) }),
  fc.record({
    Policy: fc.constant('ring_hash'),
    RingHashConfig: some({ MinimumRingSize: number(16, 1024), MaximumRingSize: number(1024, 4096) }),
    HashPolicies: upTo(3, hashPolicy),
  }),
);

const failoverTarget = few({ Service: service, ServiceSubset: subset, Datacenter: text('dc1', 'dc2') }, 2);
const failover = fc.oneof(
  few({ Service: service, ServiceSubset: subset, Datacenters: upTo(2, text('dc1', 'dc2')) }, 2),
  fc.record({ Targets: upTo(3, failoverTarget) }),
  fc.record({ Service: service, Policy: some({ Mode: text('', 'sequential'), Regions: upTo(1, text('east')) }) }),
);

export const resolver = fc
  .record({
    Name: service,
    rest: fc.oneof(
      {
        weight: 5,
        arbitrary: fc
          .record({
            subsets: fc
              .subarray([...SUBSETS])
              .chain((names) =>
                fc.record(
                  Object.fromEntries(names.map((name) => [name, some({ Filter: filter, OnlyPassing: fc.boolean() })])),
                ),
              ),
            more: few(
              {
                DefaultSubset: subset,
                Failover: mapOf(text('*', 'v1', 'v2'), failover),
                ConnectTimeout: duration,
                RequestTimeout: duration,
                LoadBalancer: loadBalancer,
                PrioritizeByLocality: fc.record({ Mode: text('', 'none', 'failover') }),
              },
              3,
            ),
          })
          .map(({ subsets, more }): object => ({ Subsets: subsets, ...more })),
      },
      {
        weight: 1,
        arbitrary: few({ Service: service, ServiceSubset: subset, Datacenter: text('dc1', 'dc2') }, 2).map(
          (Redirect): object => ({ Redirect }),
        ),
      },
    ),
  })
  .map(({ Name, rest }) => ({ Kind: 'service-resolver', Name, ...rest }));

const headerMatch = fc
  .record({ Name: headerName, way: oneWay('Present', 'Exact', 'Prefix', 'Suffix', 'Regex'), Invert: fc.boolean() })
  .map(({ Name, way, Invert }) => ({ Name, Invert, ...way }));
const queryMatch = fc
  .record({ Name: text('q', 'page'), way: oneWay('Exact', 'Regex', 'Present') })
  .map(({ Name, way }) => {
    const { Invert: _none, ...rest } = way as Record<string, unknown>;
    return { Name, ...rest };
  });

const percent = number(0, 0.01, 33.33, 100);
const mirror = few({ Service: service, ServiceSubset: subset, Percent: percent }, 3);
const fault = some({
  Delay: fc.record({ Duration: duration, Percent: percent }),
  Abort: fc.oneof(
    fc.record({ HTTPStatus: number(500, 404, 200) }),
    fc.record({ GRPCStatus: number(1, 14), Percent: percent }),
  ),
});
const cors = fc.record({
  AllowOrigins: fc.array(
    fc.oneof(
      text('*', 'https://shop.example').map((Exact): object => ({ Exact })),
      text('https://').map((Prefix): object => ({ Prefix })),
      text('.example').map((Suffix): object => ({ Suffix })),
      regex.map((Regex): object => ({ Regex })),
    ),
    { maxLength: 2 },
  ),
  AllowMethods: fc.uniqueArray(method, { maxLength: 2 }),
  AllowHeaders: upTo(2, headerName),
  ExposeHeaders: upTo(2, headerName),
  MaxAge: text('0s', '10s', '24h'),
  AllowCredentials: fc.boolean(),
});
const retries = few(
  {
    NumRetries: number(0, 1, 3),
    RetryOnConnectFailure: fc.boolean(),
    RetryOn: upTo(3, text('5xx', 'reset', 'unavailable', 'retriable-4xx', 'gateway-error')),
    RetryOnStatusCodes: upTo(3, number(401, 429, 503)),
    RetryOnHeaders: upTo(2, headerMatch),
    PerTryTimeout: duration,
    PerTryIdleTimeout: duration,
    RetryBackOff: some({ BaseInterval: duration, MaxInterval: duration, MaxRetryAfter: duration }),
    RetryIgnorePreviousHosts: fc.boolean(),
  },
  3,
);

const destination = fc
  .tuple(
    few({ Service: service, ServiceSubset: subset }, 2),
    retries,
    few(
      {
        PrefixRewrite: path,
        RequestTimeout: duration,
        IdleTimeout: duration,
        RequestHeaders: headerModifiers,
        ResponseHeaders: headerModifiers,
        RequestMirrors: upTo(2, mirror),
        Fault: fault,
        Cors: cors,
      },
      3,
    ),
  )
  .map(([target, again, rest]): object => ({ ...target, ...again, ...rest }));

const route = fc
  .record({
    Match: fc.option(
      fc
        .tuple(
          pathWay,
          few({
            Header: upTo(2, headerMatch),
            QueryParam: upTo(2, queryMatch),
            Methods: fc.uniqueArray(method, { maxLength: 2 }),
            CaseInsensitive: fc.boolean(),
          }),
        )
        .map(([way, rest]) => ({ HTTP: { ...way, ...rest } })),
      { nil: undefined },
    ),
    rest: fc.oneof(
      { weight: 6, arbitrary: destination.map((Destination): object => ({ Destination })) },
      { weight: 1, arbitrary: fc.constant<object>({}) },
      {
        weight: 1,
        arbitrary: fc
          .record({
            Status: number(200, 302, 503),
            Body: text('', 'gone', '%FOO%'),
            Headers: mapOf(headerName, text('a')),
          })
          .map((DirectResponse): object => ({ DirectResponse })),
      },
    ),
  })
  .map(({ Match, rest }) => ({ ...(Match && { Match }), ...rest }));

export const router = fc.record({
  Kind: fc.constant('service-router'),
  Name: service,
  Routes: upTo(4, route),
});

const split = few(
  { Service: service, ServiceSubset: subset, RequestHeaders: headerModifiers, ResponseHeaders: headerModifiers },
  3,
);
const weights = fc.constantFrom([100], [50, 50], [0.01, 99.99], [0, 100], [10, 20, 70], [33.33, 33.33, 33.34]);
export const splitter = fc
  .record({ Name: service, weights, splits: fc.array(split, { minLength: 3, maxLength: 3 }) })
  .map(({ Name, weights: shares, splits }) => ({
    Kind: 'service-splitter',
    Name,
    Splits: shares.map((Weight, position) => ({ Weight, ...splits[position] })),
  }));
