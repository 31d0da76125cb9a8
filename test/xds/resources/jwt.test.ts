import { beforeAll, describe, expect, test } from 'vitest';
import { publicRoots } from '../../../src/core/public-roots.js';
import { type PackedAny, checkEncoding, encodeAny } from '../../../src/xds/envoy-api/index.js';
import { jwksCluster } from '../../../src/xds/resources/authorization/jwks-cluster.js';
import { JWT_FILTER } from '../../../src/xds/resources/authorization/jwt-filter.js';
import { jwtExtension } from '../../../src/xds/resources/authorization/jwt.js';
import { fetchingProblems, tokenNeedsCell } from '../../../src/xds/resources/authorization/token-needs.js';
import { type Decoded, built, sidecarView } from './support/sidecar.js';

beforeAll(() => checkEncoding(true));

const local = { Local: { JWKS: Buffer.from('{"keys":[]}').toString('base64') } };
const provider = (fields: Record<string, unknown> = {}): Record<string, unknown> => ({
  Kind: 'jwt-provider',
  Name: 'okta',
  Issuer: 'https://okta.example',
  JSONWebKeySet: local,
  ...fields,
});
const remote = (URI: string, fields: object = {}): Record<string, unknown> =>
  provider({ JSONWebKeySet: { Remote: { URI, ...fields } } });

const filterOf = (...entries: Record<string, unknown>[]): Decoded => {
  const providers = entries.map(({ Name }) => String(Name));
  return built(jwtExtension, sidecarView({ entries }), { name: JWT_FILTER, providers }).message.typed_config;
};
const providerOf = (entry: Record<string, unknown>): Decoded => filterOf(entry).providers.okta;
const clusterOf = (entry: Record<string, unknown>): Decoded =>
  built(jwksCluster, sidecarView({ entries: [entry] }), { provider: 'okta' }).message;
const addressOf = (cluster: Decoded): Decoded =>
  cluster.load_assignment.endpoints[0].lb_endpoints[0].endpoint.address.socket_address;

describe('what tokens are verified by', () => {
  test('nobody until somebody is asked for: every request passes on', () => {
    expect(filterOf()).not.toHaveProperty('rules.0');
    expect(filterOf().providers ?? {}).toEqual({});
  });

  test('together with what was verified before, where one provider takes the place of another', () => {
    const view = sidecarView({ entries: [provider(), provider({ Name: 'door' })] });
    const verifying = (...providers: string[]) => jwtExtension(view, { name: JWT_FILTER, providers });
    const between = verifying('okta')?.unite?.(verifying('door')?.parts);
    expect(between).toBeDefined();
    expect(between?.provides).toEqual(['door', 'okta']);
    expect(between && encodeAny(between.any)).toEqual(encodeAny(verifying('door', 'okta')?.any as PackedAny));
  });

  test('a missing or bad token never stops a request here', () => {
    const { requires } = filterOf(provider(), provider({ Name: 'door' })).rules[0];
    for (const { requires_any: any } of requires.requires_all.requirements) {
      expect(any.requirements.map((one: object) => Object.keys(one)[0]).sort()).toEqual([
        'allow_missing_or_failed',
        'provider_name',
      ]);
    }
  });

  test('a provider that is not there verifies nothing', () => {
    const view = sidecarView({ entries: [provider()] });
    const { message } = built(jwtExtension, view, { name: JWT_FILTER, providers: ['gone', 'okta'] });
    expect(Object.keys(message.typed_config.providers)).toEqual(['okta']);
  });

  test.each([
    [30, 30],
    [5, 5],
    [0, 30],
    [-1, 1],
  ])('a clock skew of %i s is one of %i s for Envoy', (given, told) => {
    expect(providerOf(provider({ ClockSkewSeconds: given })).clock_skew_seconds).toBe(told);
  });

  test('keys are cached as long as is said, else for the documented five minutes; timeouts keep their milliseconds', () => {
    const seconds = (fields: object): Decoded => providerOf(remote('https://okta.example/keys', fields)).remote_jwks;
    expect(Number(seconds({}).cache_duration.seconds)).toBe(300);
    expect(Number(seconds({ CacheDuration: '10m' }).cache_duration.seconds)).toBe(600);
    expect(Number(seconds({}).http_uri.timeout.seconds)).toBe(5);
    expect(seconds({ RequestTimeoutMs: 250 }).http_uri.timeout).toMatchObject({ nanos: 250_000_000 });
  });

  test('no listener waits for keys', () => {
    const jwks = providerOf(remote('https://okta.example/keys', { FetchAsynchronously: true })).remote_jwks;
    expect(jwks.async_fetch.fast_listener).toBe(true);
    expect(providerOf(remote('https://okta.example/keys')).remote_jwks.async_fetch ?? undefined).toBeUndefined();
  });

  test.each([
    [{ NumRetries: 2 }, { num_retries: { value: 2 } }],
    [{ NumRetries: -1 }, {}],
    [{ RetryPolicyBackOff: {} }, { retry_back_off: { base_interval: { nanos: 0 } } }],
    [
      { RetryPolicyBackOff: { MaxInterval: '500ms' } },
      { retry_back_off: { base_interval: { nanos: 500_000_000 }, max_interval: { nanos: 500_000_000 } } },
    ],
  ])('retries %j are ones that Envoy takes', (RetryPolicy, told) => {
    const { retry_policy: policy } = providerOf(remote('https://okta.example/keys', { RetryPolicy })).remote_jwks;
    expect(policy).toMatchObject(told);
  });
});

describe('the server that has the keys', () => {
  test.each([
    ['https://okta.example/keys', undefined, 'STRICT_DNS', 'okta.example', 443],
    ['http://okta.example/keys', 'LOGICAL_DNS', 'LOGICAL_DNS', 'okta.example', 80],
    ['https://okta.example:8443', 'STATIC', 'STRICT_DNS', 'okta.example', 8443],
    ['https://okta.example', 'EDS', 'STRICT_DNS', 'okta.example', 443],
    ['https://10.0.0.1', 'ORIGINAL_DST', 'STATIC', '10.0.0.1', 443],
    ['https://10.0.0.1', undefined, 'STATIC', '10.0.0.1', 443],
    ['https://10.0.0.1', 'STRICT_DNS', 'STRICT_DNS', '10.0.0.1', 443],
    ['https://[::1]:9', undefined, 'STATIC', '::1', 9],
  ])('%s as %s is found by %s at %s:%i', (uri, DiscoveryType, type, address, port) => {
    const cluster = clusterOf(remote(uri, DiscoveryType ? { JWKSCluster: { DiscoveryType } } : {}));
    expect(cluster.name).toBe('jwks_cluster_okta');
    expect(cluster.type ?? 'STATIC').toBe(type);
    expect(addressOf(cluster)).toMatchObject({ address, port_value: port });
  });

  const tlsOf = (entry: Record<string, unknown>): Decoded => clusterOf(entry).transport_socket.typed_config;

  test('must show a certificate for its name, of a public authority', () => {
    const tls = tlsOf(remote('https://okta.example/keys'));
    const { combined_validation_context: validation } = tls.common_tls_context;
    expect(tls.sni).toBe('okta.example');
    expect(validation.validation_context_sds_secret_config.name).toBe('public-roots');
    expect(validation.default_validation_context.match_typed_subject_alt_names).toMatchObject([
      { san_type: 'DNS', matcher: { exact: 'okta.example' } },
    ]);
    expect(publicRoots().split('-----BEGIN CERTIFICATE-----').length).toBeGreaterThan(100);
  });

  test.each([
    [{ Filename: '/ca.pem' }, { filename: '/ca.pem' }],
    [{ EnvironmentVariable: 'CA' }, { environment_variable: 'CA' }],
    [{ InlineString: 'PEM' }, { inline_string: 'PEM' }],
    [{ InlineBytes: Buffer.from('PEM').toString('base64') }, { inline_bytes: Buffer.from('PEM') }],
  ])('or of the authority that is named: %j', (TrustedCA, told) => {
    const tls = tlsOf(remote('https://10.0.0.1', { JWKSCluster: { TLSCertificates: { TrustedCA } } }));
    const { validation_context: validation } = tls.common_tls_context;
    expect(validation.trusted_ca).toMatchObject(told);
    expect(validation.match_typed_subject_alt_names).toMatchObject([
      { san_type: 'IP_ADDRESS', matcher: { exact: '10.0.0.1' } },
    ]);
    expect(tls.sni || undefined).toBeUndefined();
  });

  test('is spoken to in the clear only where the URI says so', () => {
    expect(clusterOf(remote('http://okta.example')).transport_socket ?? undefined).toBeUndefined();
  });
});

describe('what the sidecars of a service need because of tokens', () => {
  const needs = (...entries: Record<string, unknown>[]) =>
    sidecarView({ entries: [{ Kind: 'service-defaults', Name: 'front', Protocol: 'http' }, ...entries] }).cell(
      tokenNeedsCell,
      'front',
    );
  const asking = {
    Kind: 'service-intentions',
    Name: 'front',
    Sources: [{ Name: 'web', Action: 'allow' }],
    JWT: { Providers: [{ Name: 'okta' }] },
  };
  const names = (...entries: Record<string, unknown>[]): string[] =>
    needs(...entries).resources.map(({ type, name }) => `${type} ${name}`);

  test('is nothing where no provider is known', () => expect(names()).toEqual([]));

  test('is the filter as soon as one is, so that it is there when tokens are asked for', () => {
    expect(names(provider())).toEqual([`extension ${JWT_FILTER}`]);
    expect(needs(remote('https://okta.example')).resources).toEqual(needs(provider()).resources);
  });

  test('is the filter, and for fetched keys their server and whom it must be known by', () => {
    expect(names(asking, provider())).toEqual([`extension ${JWT_FILTER}`]);
    expect(names(asking, remote('http://okta.example'))).toEqual([
      `extension ${JWT_FILTER}`,
      'cluster jwks_cluster_okta',
    ]);
    expect(names(asking, remote('https://okta.example'))).toEqual([
      `extension ${JWT_FILTER}`,
      'cluster jwks_cluster_okta',
      'secret public-roots',
    ]);
  });

  test('is the filter of all destinations when the rule for all of them asks', () => {
    expect(names({ ...asking, Name: '*' }, provider())).toEqual([`extension ${JWT_FILTER}`]);
  });

  test.each([
    ['1.36.2', 1],
    ['1.36.3', 0],
    ['1.35.7', 0],
    ['1.35.6', 1],
    ['1.32.99', 1],
    ['1.40.0', 0],
    ['', 0],
  ])('is told of Envoy %s, which a failed fetch of keys brings down: %i', (version, sentences) => {
    expect(fetchingProblems(version, needs(asking, remote('https://okta.example')))).toHaveLength(sentences);
    expect(fetchingProblems(version, needs(asking, provider()))).toEqual([]);
  });

  test('comes with sentences about what cannot be followed', () => {
    const instance = { CaCertificateProviderInstance: { InstanceName: 'default' } };
    expect(needs(asking, provider({ Issuer: '' })).problems).toEqual([expect.stringContaining('has no Issuer')]);
    expect(
      needs(asking, remote('https://okta.example', { JWKSCluster: { TLSCertificates: instance } })).problems,
    ).toEqual([expect.stringContaining('no certificate provider instances')]);
    expect(names(asking, remote('https://okta.example', { JWKSCluster: { TLSCertificates: instance } }))).toContain(
      'secret public-roots',
    );
  });
});
