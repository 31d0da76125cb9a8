import fc from 'fast-check';
import {
  SERVICES,
  duration,
  few,
  headerName,
  method,
  number,
  oneWay,
  pathWay,
  rarely,
  service,
  some,
  text,
  upTo,
} from './values.js';

const action = text('allow', 'deny');

const headerPermission = fc
  .record({
    Name: text('x-a', 'X-B', 'host', ':authority', 'user-agent'),
    way: oneWay('Present', 'Exact', 'Prefix', 'Suffix', 'Contains', 'Regex'),
    Invert: fc.boolean(),
    IgnoreCase: fc.boolean(),
  })
  .map(({ Name, way, Invert, IgnoreCase }) => {
    const isCased = !('Present' in way) && !('Regex' in way);
    return { Name, Invert, ...(isCased ? { IgnoreCase } : {}), ...way };
  });

const verifyClaim = fc.record({
  Path: fc.array(text('aud', 'roles', 'a.b'), { minLength: 1, maxLength: 2 }),
  Value: text('admin', ''),
});
const jwt = fc.record({
  Providers: upTo(2, fc.record({ Name: text('okta', 'auth0'), VerifyClaims: upTo(2, verifyClaim) })),
});

const permission = fc
  .record({
    Action: action,
    HTTP: fc
      .tuple(pathWay, few({ Header: upTo(2, headerPermission), Methods: fc.uniqueArray(method, { maxLength: 3 }) }))
      .map(([way, rest]) => ({ ...way, ...rest }))
      .map((http) => (Object.values(http).flat().length > 0 ? http : { PathPrefix: '/' })),
    JWT: rarely(jwt),
  })
  .map(({ JWT, ...rest }) => ({ ...rest, ...(JWT && { JWT }) }));

const source = fc
  .record({
    Name: fc.oneof({ weight: 3, arbitrary: service }, { weight: 1, arbitrary: fc.constant('*') }),
    rule: fc.oneof(
      action.map((Action): object => ({ Action })),
      fc.array(permission, { minLength: 1, maxLength: 4 }).map((Permissions): object => ({ Permissions })),
    ),
    Description: text('', 'why'),
  })
  .map(({ rule, ...rest }) => ({ ...rest, ...rule }));

const specificIntentions = fc
  .record({
    Kind: fc.constant('service-intentions'),
    Name: service,
    Sources: fc.uniqueArray(source, { minLength: 1, maxLength: 4, selector: ({ Name }) => Name }),
    JWT: rarely(jwt),
  })
  .map(({ JWT, ...rest }) => ({ ...rest, ...(JWT && { JWT }) }));

const wildcardIntentions = fc.record({
  Kind: fc.constant('service-intentions'),
  Name: fc.constant('*'),
  Sources: fc.uniqueArray(fc.record({ Name: text(...SERVICES, '*'), Action: action }), {
    minLength: 1,
    maxLength: 4,
    selector: ({ Name }) => Name,
  }),
});

export const intentions: fc.Arbitrary<object> = fc.oneof(
  { weight: 4, arbitrary: specificIntentions },
  { weight: 1, arbitrary: wildcardIntentions },
);

/** A key set with one public key, as issuers publish them. */
const JWKS = Buffer.from(
  JSON.stringify({
    keys: [
      {
        kty: 'EC',
        crv: 'P-256',
        alg: 'ES256',
        kid: 'one',
        x: 'f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU',
        y: 'x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0',
      },
    ],
  }),
).toString('base64');

const location = fc.oneof(
  fc
    .record({ Name: headerName, ValuePrefix: text('', 'Bearer '), Forward: fc.boolean() })
    .map((Header): object => ({ Header })),
  text('token').map((Name): object => ({ QueryParam: { Name } })),
  text('session').map((Name): object => ({ Cookie: { Name } })),
);

const remote = fc
  .tuple(
    text('https://issuer.example/keys', 'http://10.9.9.9:8080/keys', 'https://issuer.example:8443/a?b'),
    few({
      RequestTimeoutMs: number(500, 1500),
      CacheDuration: duration,
      FetchAsynchronously: fc.boolean(),
      UseSNI: fc.boolean(),
      RetryPolicy: some({
        NumRetries: number(1, 3),
        RetryPolicyBackOff: some({ BaseInterval: duration, MaxInterval: duration }),
      }),
      JWKSCluster: some({
        DiscoveryType: text('STRICT_DNS', 'LOGICAL_DNS', 'STATIC', 'EDS', 'ORIGINAL_DST'),
        ConnectTimeout: duration,
        TLSCertificates: fc.constant({ TrustedCA: { Filename: '/etc/ssl/certs/ca-certificates.crt' } }),
      }),
    }),
  )
  .map(([URI, rest]) => ({ URI, ...rest }));

export const jwtProvider = fc
  .record({
    Name: text('okta', 'auth0'),
    JSONWebKeySet: fc.oneof(
      text(JWKS).map((keys): object => ({ Local: { JWKS: keys } })),
      remote.map((Remote): object => ({ Remote })),
    ),
    more: few({
      Issuer: text('https://issuer.example'),
      Audiences: upTo(2, text('shop')),
      Locations: upTo(2, location),
      Forwarding: fc.record({ HeaderName: headerName, PadForwardPayloadHeader: fc.boolean() }),
      ClockSkewSeconds: number(0, 30),
      CacheConfig: fc.record({ Size: number(0, 10) }),
    }),
  })
  .map(({ more, ...rest }) => ({ Kind: 'jwt-provider', ...rest, ...more }));

const tls = few({
  TLSMinVersion: text('TLS_AUTO', 'TLSv1_2', 'TLSv1_3', 'TLSv1_0'),
  TLSMaxVersion: text('TLS_AUTO', 'TLSv1_2', 'TLSv1_3'),
  CipherSuites: upTo(2, text('TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256', 'TLS_RSA_WITH_AES_128_CBC_SHA')),
});

export const meshEntry = few(
  {
    TransparentProxy: fc.record({ MeshDestinationsOnly: fc.boolean() }),
    AllowEnablingPermissiveMutualTLS: fc.boolean(),
    ValidateClusters: fc.boolean(),
    TLS: some({ Incoming: tls, Outgoing: tls }),
    HTTP: some({
      SanitizeXForwardedClientCert: fc.boolean(),
      Incoming: fc.record({
        RequestNormalization: some({
          InsecureDisablePathNormalization: fc.boolean(),
          MergeSlashes: fc.boolean(),
          PathWithEscapedSlashesAction: text('KEEP_UNCHANGED', 'UNESCAPE_AND_FORWARD', 'REJECT_REQUEST', ''),
          HeadersWithUnderscoresAction: text('ALLOW', 'REJECT_REQUEST', 'DROP_HEADER', ''),
        }),
      }),
    }),
    Peering: fc.record({ PeerThroughMeshGateways: fc.boolean() }),
  },
  4,
).map((rest) => ({ Kind: 'mesh', ...rest }));

export const exportedServices = fc.record({
  Kind: fc.constant('exported-services'),
  Name: fc.constant('default'),
  Services: upTo(
    3,
    fc.record({
      Name: service,
      Consumers: fc.array(fc.record({ Peer: text('east', 'west') }), { minLength: 1, maxLength: 2 }),
    }),
  ),
});
